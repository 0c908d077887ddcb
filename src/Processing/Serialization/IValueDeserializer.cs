namespace Millrace.Processing.Serialization;

/// <summary>
/// Turns a record's value into what a handler takes. One instance serves every record, from many threads.
/// </summary>
/// <typeparam name="T">The type that handlers take.</typeparam>
public interface IValueDeserializer<T>
{
    /// <summary>
    /// Reads a value. Throwing makes the record undeserializable, which is permanent unless a rule says otherwise.
    /// </summary>
    /// <param name="value">The value's bytes, never null; tombstones are decided before.</param>
    /// <param name="record">The record, for headers and topic.</param>
    T Deserialize(ReadOnlyMemory<byte> value, RecordInfo record);
}
