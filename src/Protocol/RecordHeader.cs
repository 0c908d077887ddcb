namespace Millrace.Protocol;

/// <summary>One header of a record (KIP-82). Keys may repeat within a record; order is kept.</summary>
/// <param name="Key">The header's name; never null.</param>
/// <param name="Value">The header's bytes, or null. On a record read from a broker they are borrowed from it.</param>
public readonly record struct RecordHeader(string Key, ReadOnlyMemory<byte>? Value);
