using System.Collections.Concurrent;
using Millrace.Client.Metadata;
using Millrace.Client.Routing;
using Millrace.Protocol.Records;

namespace Millrace.Client.Produce;

/// <summary>
/// Sends records. Safe for any number of threads; records that one thread sends to one partition keep their order.
/// Made by
/// <see cref="KafkaClient.CreateProducer"/>.
/// </summary>
/// <remarks>The path of a record: <c>SendAsync</c> or <c>EnqueueAsync</c> → partitioner →
/// <see cref="PartitionBuffer"/> (encoded
/// once) → <see cref="BrokerSender"/> (sealed late) → connection.</remarks>
public sealed partial class Producer : IAsyncDisposable, IProducerPort
{
    readonly ClientCore _core;
    readonly ProducerRules _rules;
    readonly Admission _admission;
    readonly DeliverySourcePool _sources = new();
    readonly ConcurrentDictionary<string, TopicSlot> _topics = new();
    readonly ConcurrentDictionary<int, BrokerSender> _senders = new();
    readonly MetadataInterest _interest;
    readonly ITimer _sweep;
    TopicSlot? _lastTopic;          // the slot used last: most producers write to one topic
    int _flushing;
    int _isAcquiring;
    volatile bool _isDisposed;

    internal Producer(ClientCore core, ProducerOptions options)
    {
        options.Validate();
        _core = core;
        _rules = new ProducerRules(options, core.Runtime);
        _admission = new Admission(options.BufferMemory, AppendPending);
        _interest = core.Metadata.Register(OnView);
        // Often enough that the timeouts are kept within a fiftieth, seldom enough to cost nothing.
        var period = TimeSpan.FromMilliseconds(Math.Clamp(options.DeliveryTimeout.TotalMilliseconds / 50, 10, 250));
        _sweep = core.Runtime.TimeProvider.CreateTimer(
            static state => ((Producer)state!).Sweep(), this, period, period);
    }

    /// <summary>Sends a record; completes when it is acknowledged as <see cref="ProducerOptions.Acks"/> says. The
    /// call itself waits
    /// for nothing: records sent one after the other are in order, awaited or not.</summary>
    /// <param name="record">The record; its bytes are borrowed until the task completes.</param>
    /// <param name="cancellation">Ends the waiting for memory or for the topic's metadata. Once buffered, a record is
    /// sent.</param>
    /// <returns>Where the record was written. Await it once.</returns>
    /// <exception cref="ProduceException">The record could not be delivered.</exception>
    /// <exception cref="ArgumentException">The record is larger than <see cref="ProducerOptions.MaxRequestSize"/>, or
    /// a header's key is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The topic does not have the record's partition.</exception>
    public ValueTask<RecordMetadata> SendAsync(in ProducerRecord record, CancellationToken cancellation = default)
    {
        var bytes = Check(record);
        var topic = FindTopic(record.Topic);
        var source = _sources.Rent();
        var task = source.Task;
        if (topic.IsOpen && _admission.TryReserve(bytes))
        {
            Append(topic, record, bytes, source);
        }
        else
        {
            _ = Wait(topic, record, bytes, source, cancellation);
        }
        return task;
    }

    /// <summary>Buffers a record; completes, at once if there is room, when it is buffered. If it cannot be delivered
    /// later, the next
    /// <see cref="FlushAsync"/> throws.</summary>
    /// <param name="record">The record; its bytes are borrowed until the task completes.</param>
    /// <param name="cancellation">Ends the waiting for memory or for the topic's metadata.</param>
    /// <exception cref="ProduceException">The topic is unknown, or may not be written to.</exception>
    /// <exception cref="ArgumentException">The record is larger than <see cref="ProducerOptions.MaxRequestSize"/>, or
    /// a header's key is null.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The topic does not have the record's partition.</exception>
    public ValueTask EnqueueAsync(in ProducerRecord record, CancellationToken cancellation = default)
    {
        var bytes = Check(record);
        var topic = FindTopic(record.Topic);
        if (topic.IsOpen && _admission.TryReserve(bytes))
        {
            Append(topic, record, bytes, null);
            return ValueTask.CompletedTask;
        }
        return new ValueTask(Wait(topic, record, bytes, null, cancellation));
    }

    /// <summary>The bytes to reserve for a record.</summary>
    long Check(in ProducerRecord record)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (record.Topic is null)
        {
            throw new ArgumentException("The record has no topic: make it with a constructor.", nameof(record));
        }
        foreach (var header in record.Headers.AsSpan())
        {
            if (header.Key is null)
            {
                throw new ArgumentException(
                    $"A header of the record for topic '{record.Topic}' has no key.", nameof(record));
            }
        }
        var bytes = RecordBatchBuilder.BoundOfRecord(record.KeyLength, record.ValueLength, record.Headers);
        return bytes + RecordBatchHeader.Size <= _rules.Options.MaxRequestSize ? bytes : throw new ArgumentException(
            $"A record for topic '{record.Topic}' may take {bytes} bytes, more than ProducerOptions.MaxRequestSize "
            + $"({_rules.Options.MaxRequestSize}) allows. Raise it, and max.message.bytes of the topic with it.",
                nameof(record));
    }

    TopicSlot FindTopic(string name)
    {
        var last = _lastTopic;
        if (last is not null && (ReferenceEquals(last.Name, name) || last.Name == name))
        {
            return last;
        }
        if (!_topics.TryGetValue(name, out var slot))
        {
            slot = AddTopic(name);
        }
        _lastTopic = slot;
        return slot;
    }

    void Append(TopicSlot topic, in ProducerRecord record, long bytes, DeliverySource? source)
    {
        PartitionBuffer partition;
        bool isSticky;
        try
        {
            partition = topic.Choose(record, out isSticky);
        }
        catch
        {
            _admission.Release(bytes);
            throw;
        }
        var appended = partition.Append(record, bytes, source, isSticky);
        AbandonIfDisposed();
        if (appended == Appended.Nothing)
        {
            return;
        }
        if ((appended & Appended.SwitchSticky) != 0)
        {
            topic.SwitchSticky(partition.Index);
        }
        if ((appended & Appended.Wake) != 0 && partition.Sender is { } sender)
        {
            if (source is null)
            {
                sender.Wake();
            }
            else
            {
                sender.WakeInline();
            }
        }
    }

    Task Wait(TopicSlot topic, in ProducerRecord record, long bytes, DeliverySource? source,
        CancellationToken cancellation)
    {
        var pending = new PendingRecord(record, bytes, source);
        if (cancellation.CanBeCanceled)
        {
            pending.CancelOn(cancellation);
        }
        topic.Enqueue(pending, _admission);
        AbandonIfDisposed();
        if (_admission.Waiting > 0)
        {
            WakeSenders();   // nothing lingers while somebody waits for memory
        }
        return pending.Buffered;
    }

    /// <summary>A record that was let in while the producer was disposed came too late to be failed with the
    /// rest.</summary>
    void AbandonIfDisposed()
    {
        if (_isDisposed)
        {
            _admission.RejectAll(Disposed());
            Abandon(Disposed());
        }
    }

    /// <summary>Appends a record that waited. Under the admission's lock.</summary>
    void AppendPending(PendingRecord pending)
    {
        try
        {
            var topic = _topics[pending.Record.Topic];
            var partition = topic.Choose(pending.Record, out var isSticky);
            var appended = partition.Append(pending.Record, pending.Bytes, pending.Source, isSticky);
            if ((appended & Appended.SwitchSticky) != 0)
            {
                topic.SwitchSticky(partition.Index);
            }
            if ((appended & Appended.Wake) != 0)
            {
                partition.Sender?.Wake();
            }
            pending.Accept();
        }
#pragma warning disable CA1031 // A partitioner may throw anything; whoever lets the record in is not to blame.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _admission.Forget(pending.Bytes);
            pending.Reject(e);
        }
    }

    void WakeSenders()
    {
        foreach (var sender in _senders.Values)
        {
            sender.Wake();
        }
    }
}
