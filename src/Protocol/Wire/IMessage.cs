namespace Millrace.Protocol.Wire;

/// <summary>A request or response body. The generated classes in <c>Protocol/Messages</c> implement it.</summary>
public interface IMessage
{
    /// <summary>Writes the body in the given version. The writer may keep a reference to record bytes until the frame
    /// is sent (see <see cref="WireWriter.WriteBorrowed"/>).</summary>
    void Write(WireWriter writer, short version);

    /// <summary>Reads the body in the given version into a new instance. Byte fields borrow from the reader's memory.
    /// Never throws on bad input: the reader goes bad, and the caller checks it once with
    /// <see cref="WireReader.ThrowIfBad"/>.</summary>
    void Read(ref WireReader reader, short version);
}

/// <summary>A request body that knows its key, its versions and its answer.</summary>
/// <typeparam name="TResponse">The type of the answer.</typeparam>
public interface IRequest<TResponse> : IMessage
    where TResponse : class, IMessage, new()
{
    /// <summary>The request's key.</summary>
    static abstract ApiKey ApiKey { get; }

    /// <summary>The lowest version that the codec knows.</summary>
    static abstract short MinVersion { get; }

    /// <summary>The highest version that the codec knows.</summary>
    static abstract short MaxVersion { get; }

    /// <summary>The first version with compact lengths and tagged fields (KIP-482); <see cref="short.MaxValue"/> if
    /// none.</summary>
    static abstract short FirstFlexibleVersion { get; }
}
