using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Protocol;

namespace Millrace.Orders;

/// <summary>Fills <c>order.events</c>: with generated orders, or with the lines of a file. Each record carries its
/// number in a header, so a feed that was interrupted reads back what is there and sends what is missing,
/// once.</summary>
sealed class OrderFeed(KafkaClient client, OrdersOptions options)
{
    const string IndexHeader = "feed-index";

    // What a topic takes by default (max.message.bytes), less some room for key and header.
    const int MaxLineBytes = 1_000_000;

    long _sent;

    /// <summary>Records acknowledged or on their way, of this run.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Records that an earlier run had sent.</summary>
    public long Found { get; private set; }

    /// <summary>How many records the feed has in all; -1 while the end of the input is not reached.</summary>
    public long Total { get; private set; } = -1;

    /// <summary>Sends what is missing and waits until all of it is acknowledged.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (options.NoFeed)
        {
            return;
        }

        var present = await ReadBackAsync(cancellation);
        await using var producer = client.CreateProducer(new ProducerOptions { Linger = TimeSpan.FromMilliseconds(5) });
        var pace = new Pace(options.Rate);
        if (options.Input is null)
        {
            var generator = new OrderGenerator(options.Seed, options.EventsPerOrder);
            for (var index = 0L; index < options.Orders; index++)
            {
                await SendAsync(producer, pace, present, index, Encoding.UTF8.GetBytes(generator.OrderIdOf(index)),
                    generator.ValueOf(index), cancellation);
            }

            Total = options.Orders;
        }
        else
        {
            using var file = options.Input == "-" ? null : new StreamReader(options.Input);
            var (index, number) = (0L, 0L);
            while (await ReadLineAsync(file, cancellation) is { } line)
            {
                number++;
                var value = Encoding.UTF8.GetBytes(line);
                if (value.Length > MaxLineBytes)
                {
                    throw new SampleException(
                        $"line {number} of --input {options.Input} has {value.Length} bytes, and a record takes "
                        + $"{MaxLineBytes}: shorten it or take it out, and start again.");
                }

                if (value.Length > 0)
                {
                    await SendAsync(producer, pace, present, index++, KeyOf(line), value, cancellation);
                }
            }

            Total = index;
        }

        await producer.FlushAsync(cancellation);
    }

    async ValueTask SendAsync(
        Producer producer,
        Pace pace,
        HashSet<long> present,
        long index,
        byte[]? key,
        byte[] value,
        CancellationToken cancellation)
    {
        if (present.Remove(index))
        {
            return;
        }

        await pace.WaitAsync(cancellation);
        var number = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(number, index);
        await producer.EnqueueAsync(
            new ProducerRecord(OrdersOptions.Topic, key, value) { Headers = [new RecordHeader(IndexHeader, number)] },
            cancellation);
        Volatile.Write(ref _sent, _sent + 1);
    }

    /// <summary>The numbers of the records that lie in the topic already.</summary>
    async Task<HashSet<long>> ReadBackAsync(CancellationToken cancellation)
    {
        var present = new HashSet<long>();
        await TopicScan.ForEachAsync(client, OrdersOptions.Topic, record =>
        {
            if (record.Headers.TryGetLast(IndexHeader, out var value) && value is { Length: 8 } number)
            {
                present.Add(BinaryPrimitives.ReadInt64BigEndian(number.Span));
            }
        }, cancellation);
        Found = present.Count;
        return present;
    }

    /// <summary>The next line of a file or, for null, of standard input. A read of that cannot be cancelled, so it is
    /// left alone when the run ends.</summary>
    static Task<string?> ReadLineAsync(StreamReader? file, CancellationToken cancellation) => file is null
        ? Task.Run(Console.In.ReadLine, CancellationToken.None).WaitAsync(cancellation)
        : file.ReadLineAsync(cancellation).AsTask();

    /// <summary>The key of a line: its order id, or none when the line does not have one (it will be
    /// dead-lettered).</summary>
    static byte[]? KeyOf(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("orderId", out var id) && id.ValueKind == JsonValueKind.String
                ? Encoding.UTF8.GetBytes(id.GetString()!)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // No JSON, or half of a surrogate pair in the id.
            return null;
        }
    }

    /// <summary>Holds a feed to a rate: record n is due n/rate seconds after the start.</summary>
    sealed class Pace(double? perSecond)
    {
        readonly long _start = Stopwatch.GetTimestamp();
        long _count;

        public async ValueTask WaitAsync(CancellationToken cancellation)
        {
            if (perSecond is not { } rate)
            {
                return;
            }

            var due = TimeSpan.FromSeconds(_count++ / rate);
            var early = due - Stopwatch.GetElapsedTime(_start);
            if (early > TimeSpan.FromMilliseconds(1))
            {
                await Task.Delay(early, cancellation);
            }
        }
    }
}
