namespace Millrace.Processing;

/// <summary>
/// Handles records of one value type; the class form of a handler. Registered with <c>HandleWith</c>, made anew for
/// each
/// record from the record's own service scope.
/// </summary>
/// <typeparam name="T">The value's type.</typeparam>
public interface IHandle<T>
{
    /// <summary>Handles one record. Returning means done; throwing means failed.</summary>
    /// <param name="value">The deserialized value.</param>
    /// <param name="record">Where it came from. Valid until the handler returns.</param>
    /// <param name="cancellation">
    /// Cancelled when the partition was taken away or the host stops, and the drain time is over.
    /// </param>
    ValueTask HandleAsync(T value, RecordInfo record, CancellationToken cancellation);
}
