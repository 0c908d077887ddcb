namespace Millrace.Protocol.Wire;

/// <summary>A structure that is not a request or response but lies in a byte field or a log, behind an int16 that tells
/// its version: consumer protocol subscriptions, records of <c>__consumer_offsets</c>.</summary>
public interface IVersionedData : IMessage
{
    /// <summary>The lowest version that the codec knows.</summary>
    static abstract short MinVersion { get; }

    /// <summary>The highest version that the codec knows.</summary>
    static abstract short MaxVersion { get; }

    /// <summary>The first version with compact lengths and tagged fields (KIP-482); <see cref="short.MaxValue"/> if
    /// none.</summary>
    static abstract short FirstFlexibleVersion { get; }
}

/// <summary>Reads and writes <see cref="IVersionedData"/> with the version before it.</summary>
public static class VersionedData
{
    /// <summary>Encodes into a new array: int16 version, then the structure.</summary>
    public static byte[] Encode<T>(T data, short version)
        where T : IVersionedData
    {
        using var writer = new WireWriter(BufferPool.Default, chunkSize: 512);
        writer.WriteInt16(version);
        data.Write(writer, version);
        return writer.ToArray();
    }

    /// <summary>Decodes int16 version and structure. Byte fields borrow from the memory.</summary>
    /// <param name="memory">The bytes. What follows the structure is ignored.</param>
    /// <param name="allowNewer">True to read a version above the highest known one as that one: right where every
    /// version only appends fields, as in the consumer protocol.</param>
    /// <exception cref="WireFormatException">The bytes do not follow the format, or the version is not
    /// known.</exception>
    public static T Decode<T>(ReadOnlyMemory<byte> memory, bool allowNewer = false)
        where T : IVersionedData, new()
    {
        var reader = new WireReader(memory);
        var version = reader.ReadInt16();
        reader.ThrowIfBad(typeof(T).Name);
        if (version > T.MaxVersion && allowNewer)
            version = T.MaxVersion;
        if (version < T.MinVersion || version > T.MaxVersion)
            throw new WireFormatException(
                $"{typeof(T).Name}: version {version} is not between {T.MinVersion} and {T.MaxVersion}");
        var data = new T();
        data.Read(ref reader, version);
        reader.ThrowIfBad(typeof(T).Name);
        return data;
    }
}
