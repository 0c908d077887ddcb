using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Data.Sqlite;
using Millrace.Client;

namespace Millrace.Orders;

/// <summary>What lies in the database: counts over all runs.</summary>
readonly record struct StoreCounts(long Handled, long DistinctOrders, long Redelivered, long OrderViolations);

/// <summary>The orders in SQLite. One writer task turns concurrent writes into few transactions (group commit); a write
/// completes when its transaction has committed. Writing the same record twice changes nothing but its delivery
/// count.</summary>
sealed class OrderStore : IAsyncDisposable
{
    // One transaction may hold as many writes as handlers can have waiting, and no more.
    const int MaxBatch = 512;

    // A full disk that somebody makes room on is gone on with; a run that cannot go on says so and ends.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    const string Schema = """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = NORMAL;
        CREATE TABLE IF NOT EXISTS orders (
            order_id TEXT PRIMARY KEY,
            customer TEXT NOT NULL,
            amount_cents INTEGER NOT NULL,
            last_sequence INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS handled (
            partition INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            deliveries INTEGER NOT NULL,
            PRIMARY KEY (partition, offset)
        ) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS violations (
            order_id TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            after_sequence INTEGER NOT NULL
        );
        CREATE TABLE IF NOT EXISTS topic (id TEXT NOT NULL);
        """;

    readonly SqliteConnection _connection;
    readonly Channel<Write> _writes =
        Channel.CreateBounded<Write>(new BoundedChannelOptions(4096) { SingleReader = true });

    readonly Task _writer;
    readonly SqliteCommand _handle;
    readonly SqliteCommand _lastSequence;
    readonly SqliteCommand _upsert;
    readonly SqliteCommand _violation;

    // Of the writer: why and since when nothing could be written.
    volatile StrongBox<(string Why, long Since)>? _failing;

    OrderStore(SqliteConnection connection)
    {
        _connection = connection;
        _handle = Command("""
            INSERT INTO handled (partition, offset, deliveries) VALUES ($p, $o, 1)
            ON CONFLICT (partition, offset) DO UPDATE SET deliveries = deliveries + 1
            RETURNING deliveries
            """, "$p", "$o");
        _lastSequence = Command("SELECT last_sequence FROM orders WHERE order_id = $id", "$id");
        _upsert = Command("""
            INSERT INTO orders (order_id, customer, amount_cents, last_sequence) VALUES ($id, $c, $a, $s)
            ON CONFLICT (order_id) DO UPDATE
            SET customer = $c, amount_cents = $a, last_sequence = max(last_sequence, $s)
            """, "$id", "$c", "$a", "$s");
        _violation = Command("INSERT INTO violations VALUES ($id, $s, $after)", "$id", "$s", "$after");
        _writer = Task.Run(WriteLoopAsync);
    }

    readonly record struct Write(int Partition, long Offset, OrderEvent Order, TaskCompletionSource Done);

    /// <summary>Opens or creates the database.</summary>
    public static OrderStore Open(string path)
    {
        var settings = new SqliteConnectionStringBuilder { DataSource = path, Pooling = false };
        var connection = new SqliteConnection(settings.ToString());
        connection.Open();
        using (var schema = connection.CreateCommand())
        {
            schema.CommandText = Schema;
            schema.ExecuteNonQuery();
        }

        return new OrderStore(connection);
    }

    /// <summary>Offsets mean something only within one topic: remembers which one these orders come from, and refuses
    /// another.</summary>
    public async Task BelongsToAsync(KafkaClient client, string topic, CancellationToken cancellation)
    {
        var description = (await client.Admin.DescribeTopicsAsync([topic], cancellation))[0];
        using var read = _connection.CreateCommand();
        read.CommandText = "SELECT id FROM topic";
        var known = read.ExecuteScalar() as string;
        var id = description.Id.ToString();
        if (known is null)
        {
            using var write = Command("INSERT INTO topic VALUES ($id)", "$id");
            Execute(write, id);
        }
        else if (known != id)
        {
            throw new SampleException(
                $"{_connection.DataSource} holds the orders of another {topic} (topic id {known}, here it is {id}). "
                + "Give each cluster its own --data.");
        }
    }

    /// <summary>Stores one event. Completes when it is committed; a second write of the same record is
    /// harmless.</summary>
    public async Task SaveAsync(int partition, long offset, OrderEvent order, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _writes.Writer.WriteAsync(new Write(partition, offset, order, done), cancellation);
        await done.Task;
    }

    /// <summary>Counts what is stored. Call it when no handler runs.</summary>
    public StoreCounts Count() => new(
        Scalar("SELECT count(*) FROM handled"),
        Scalar("SELECT count(*) FROM orders"),
        Scalar("SELECT coalesce(sum(deliveries - 1), 0) FROM handled"),
        Scalar("SELECT count(*) FROM violations"));

    /// <summary>Why nothing could be written for ten seconds; null while writing works.</summary>
    public string? Stuck => _failing?.Value is ({ } why, var since)
        && TimeProvider.System.GetElapsedTime(since) > Patience ? $"{_connection.DataSource} cannot be written: {why}"
            : null;

    public async ValueTask DisposeAsync()
    {
        _writes.Writer.TryComplete();
        await _writer;
        _handle.Dispose();
        _lastSequence.Dispose();
        _upsert.Dispose();
        _violation.Dispose();
        await _connection.DisposeAsync();
    }

    async Task WriteLoopAsync()
    {
        var batch = new List<Write>(MaxBatch);
        while (await _writes.Reader.WaitToReadAsync())
        {
            batch.Clear();
            while (batch.Count < MaxBatch && _writes.Reader.TryRead(out var write))
            {
                batch.Add(write);
            }

            try
            {
                WriteBatch(batch);
                _failing = null;
                batch.ForEach(write => write.Done.SetResult());
            }
            catch (Exception e)
            {
                // Whatever it is, those who wait must hear of it, and the next batch is tried.
                _failing ??= new((e.Message, TimeProvider.System.GetTimestamp()));
                batch.ForEach(write => write.Done.SetException(new IOException($"orders.db: {e.Message}", e)));
            }
        }
    }

    void WriteBatch(List<Write> batch)
    {
        using var transaction = _connection.BeginTransaction();
        foreach (var command in (ReadOnlySpan<SqliteCommand>)[_handle, _lastSequence, _upsert, _violation])
        {
            command.Transaction = transaction;
        }

        foreach (var write in batch)
        {
            var order = write.Order;
            var deliveries = Convert.ToInt64(Execute(_handle, write.Partition, write.Offset), null);
            // An event that is handled for the first time after its successor was is out of order; a redelivery is not.
            if (deliveries == 1 && Execute(_lastSequence, order.OrderId) is long last && last > order.Sequence)
            {
                Execute(_violation, order.OrderId, order.Sequence, last);
            }

            Execute(_upsert, order.OrderId, order.Customer, order.AmountCents, order.Sequence);
        }

        transaction.Commit();
    }

    SqliteCommand Command(string text, params ReadOnlySpan<string> parameters)
    {
        var command = _connection.CreateCommand();
        command.CommandText = text;
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = parameter });
        }

        return command;
    }

    static object? Execute(SqliteCommand command, params ReadOnlySpan<object> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        return command.ExecuteScalar();
    }

    long Scalar(string sql)
    {
        using var command = _connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), null);
    }
}
