namespace Millrace.Processing;

/// <summary>A record with its value, for handlers that want both in one parameter.</summary>
/// <typeparam name="T">The value's type.</typeparam>
public readonly struct ConsumeContext<T>
{
    internal ConsumeContext(T value, RecordInfo record, CancellationToken cancellation)
    {
        Value = value;
        Record = record;
        Cancellation = cancellation;
    }

    /// <summary>The deserialized value.</summary>
    public T Value { get; }

    /// <summary>The record that it came in. Valid until the handler returns.</summary>
    public RecordInfo Record { get; }

    /// <summary>Cancelled when the partition was taken away or the host stops, and the drain time is over.</summary>
    public CancellationToken Cancellation { get; }
}
