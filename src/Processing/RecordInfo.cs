using System.Text;
using Millrace.Processing.Listeners;
using Millrace.Protocol;

namespace Millrace.Processing;

/// <summary>
/// What is known of the record that a handler works on. Valid until the handler returns; key and headers are borrowed
/// from the fetched batch, so who keeps them copies them.
/// </summary>
public readonly struct RecordInfo
{
    readonly Delivery _delivery;

    internal RecordInfo(Delivery delivery) => _delivery = delivery;

    /// <summary>The topic.</summary>
    public string Topic => _delivery.Topic;

    /// <summary>The partition's index.</summary>
    public int Partition => _delivery.Partition;

    /// <summary>The topic and the partition.</summary>
    public TopicPartition TopicPartition => _delivery.TopicPartition;

    /// <summary>The record's offset in its partition.</summary>
    public long Offset => _delivery.Offset;

    static readonly long Earliest = DateTimeOffset.MinValue.ToUnixTimeMilliseconds();
    static readonly long Latest = DateTimeOffset.MaxValue.ToUnixTimeMilliseconds();

    /// <summary>The record's timestamp: the producer's clock, or the broker's where the topic says so. What no calendar
    /// has (a producer that counts microseconds) is the nearest moment that one has.</summary>
    public DateTimeOffset Timestamp =>
        DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(_delivery.TimestampMs, Earliest, Latest));

    // Not "? null :": null converts to an empty memory by way of byte[].
    /// <summary>The key's bytes, or null. Borrowed.</summary>
    public ReadOnlyMemory<byte>? Key =>
        _delivery.IsKeyNull ? default(ReadOnlyMemory<byte>?) : _delivery.Key;

    /// <summary>The key as UTF-8 text, or null.</summary>
    public string? KeyText => _delivery.IsKeyNull ? null : Encoding.UTF8.GetString(_delivery.Key.Span);

    /// <summary>The value's bytes as they were fetched; empty for a tombstone. Borrowed.</summary>
    public ReadOnlyMemory<byte> Value => _delivery.Value;

    /// <summary>True when the value is null.</summary>
    public bool IsTombstone => _delivery.IsValueNull;

    /// <summary>The headers in order, repetitions included. Borrowed; decoded at the first look.</summary>
    public IReadOnlyList<RecordHeader> Headers => _delivery.Headers;

    /// <summary>Which call of the handler this is on this assignment, from 1.</summary>
    public int Attempt => _delivery.Attempt;

    /// <summary>
    /// The group's generation under which the partition was assigned: it grows with every change of ownership. A
    /// store that
    /// refuses a write whose epoch is older than the last it saw is safe from a previous owner that still runs.
    /// </summary>
    public int Epoch => _delivery.FencingToken.Epoch;

    /// <summary>The value of the last header of that name as UTF-8 text, or null when there is none.</summary>
    /// <param name="name">The header's name; upper and lower case differ.</param>
    public string? HeaderText(string name)
    {
        var headers = _delivery.Headers;
        for (var i = headers.Count - 1; i >= 0; i--)
        {
            if (string.Equals(headers[i].Key, name, StringComparison.Ordinal))
            {
                return headers[i].Value is { } value ? Encoding.UTF8.GetString(value.Span) : null;
            }
        }

        return null;
    }
}
