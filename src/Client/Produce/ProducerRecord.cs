using System.Text;
using Millrace.Protocol;

namespace Millrace.Client.Produce;

/// <summary>A record to be sent. Its bytes are borrowed: they must not change until the task that the producer returned
/// completes (for <c>EnqueueAsync</c>: until the record is buffered, which is at once when there is room).</summary>
public readonly struct ProducerRecord
{
    readonly ReadOnlyMemory<byte> _key;
    readonly ReadOnlyMemory<byte> _value;
    readonly int _partitionPlusOne;   // so that the default means "not given"
    readonly bool _hasKey;
    readonly bool _hasValue;

    /// <summary>Makes a record.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="key">The key, or null for none.</param>
    /// <param name="value">The value, or null for none (a tombstone in a compacted topic).</param>
    public ProducerRecord(string topic, byte[]? key, byte[]? value)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        Topic = topic;
        _key = key;
        _hasKey = key is not null;
        _value = value;
        _hasValue = value is not null;
    }

    /// <summary>Makes a record.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="key">The key, or null for none.</param>
    /// <param name="value">The value, or null for none (a tombstone in a compacted topic).</param>
    public ProducerRecord(string topic, ReadOnlyMemory<byte>? key, ReadOnlyMemory<byte>? value)
    {
        ArgumentException.ThrowIfNullOrEmpty(topic);
        Topic = topic;
        _key = key.GetValueOrDefault();
        _hasKey = key.HasValue;
        _value = value.GetValueOrDefault();
        _hasValue = value.HasValue;
    }

    /// <summary>The topic's name.</summary>
    public string Topic { get; }

    /// <summary>The partition, or null to let key and partitioner decide.</summary>
    public int? Partition
    {
        get => _partitionPlusOne == 0 ? null : _partitionPlusOne - 1;
        init => _partitionPlusOne = value switch
        {
            null => 0,
            < 0 or int.MaxValue => throw new ArgumentOutOfRangeException(nameof(value), value, "A partition's number is 0 or more."),
            { } p => p + 1,
        };
    }

    /// <summary>The key, or null.</summary>
    public ReadOnlyMemory<byte>? Key => _hasKey ? _key : default(ReadOnlyMemory<byte>?);

    /// <summary>The value, or null.</summary>
    public ReadOnlyMemory<byte>? Value => _hasValue ? _value : default(ReadOnlyMemory<byte>?);

    /// <summary>The headers, in order, or null for none.</summary>
    public RecordHeader[]? Headers { get; init; }

    /// <summary>When it happened, in milliseconds since 1970 UTC; null = now.</summary>
    public long? TimestampMs { get; init; }

    internal bool HasKey => _hasKey;

    internal bool HasValue => _hasValue;

    internal ReadOnlySpan<byte> KeySpan => _key.Span;

    internal ReadOnlySpan<byte> ValueSpan => _value.Span;

    internal int KeyLength => _key.Length;

    internal int ValueLength => _value.Length;

    /// <summary>A record of UTF-8 text.</summary>
    /// <param name="topic">The topic's name.</param>
    /// <param name="key">The key, or null for none.</param>
    /// <param name="value">The value, or null for none.</param>
    public static ProducerRecord FromText(string topic, string? key, string? value) => new(
        topic, key is null ? null : Encoding.UTF8.GetBytes(key), value is null ? null : Encoding.UTF8.GetBytes(value));
}

/// <summary>Where a record was written.</summary>
/// <param name="Topic">The topic's name.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Offset">The offset; -1 when it is not known: with acks = none, or when a retry found the record written already
/// and the broker no longer knew where.</param>
/// <param name="TimestampMs">The timestamp that the record was written with, in milliseconds since 1970 UTC.</param>
public readonly record struct RecordMetadata(string Topic, int Partition, long Offset, long TimestampMs);
