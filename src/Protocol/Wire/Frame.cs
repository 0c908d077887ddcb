namespace Millrace.Protocol.Wire;

// Every message on a connection:
//
//   ┌──────────────┬──────────────────────┬────────────┐
//   │ int32 size   │ header (v0, v1, v2)  │ body       │   size counts header and body
//   └──────────────┴──────────────────────┴────────────┘
//
// Request header                                   Response header
//   v1  int16 key, int16 version,                    v0  int32 correlation
//       int32 correlation, nullable string client    v1  int32 correlation, tagged fields
//   v2  v1 + tagged fields (the client id keeps its classic int16 length: KIP-511)

/// <summary>What stands before a request's body.</summary>
/// <param name="ApiKey">The kind of request.</param>
/// <param name="ApiVersion">The version that request and response bodies follow.</param>
/// <param name="CorrelationId">The number that the response repeats.</param>
/// <param name="ClientId">The client's name for logs and quotas, or null.</param>
public readonly record struct RequestHeader(ApiKey ApiKey, short ApiVersion, int CorrelationId, string? ClientId);

/// <summary>The size prefix and the headers of requests and responses.</summary>
public static class Frame
{
    /// <summary>The bytes of the size prefix.</summary>
    public const int SizePrefix = 4;

    /// <summary>The version of the request header that goes with a body: 2 for flexible bodies (KIP-482), else
    /// 1.</summary>
    public static short RequestHeaderVersion(bool flexible) => flexible ? (short)2 : (short)1;

    /// <summary>The version of the response header that goes with a body: 1 for flexible bodies, except that
    /// ApiVersions has 0 always, because a client reads it before it knows what the broker speaks (KIP-511).</summary>
    public static short ResponseHeaderVersion(ApiKey key, bool flexible) =>
        flexible && key != ApiKey.ApiVersions ? (short)1 : (short)0;

    /// <summary>Writes a request header.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="header">What.</param>
    /// <param name="flexible">Whether the body's version is flexible.</param>
    public static void WriteRequestHeader(WireWriter writer, in RequestHeader header, bool flexible)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteInt16((short)header.ApiKey);
        writer.WriteInt16(header.ApiVersion);
        writer.WriteInt32(header.CorrelationId);
        writer.WriteNullableString(header.ClientId);
        if (flexible)
            writer.WriteByte(0);
    }

    /// <summary>Reads the part of a request header that is the same in every version; <see cref="ReadRequestTags"/>
    /// goes on once key and version told whether the body is flexible.</summary>
    public static RequestHeader ReadRequestHeader(ref WireReader reader)
    {
        var key = (ApiKey)reader.ReadInt16();
        var version = reader.ReadInt16();
        var correlation = reader.ReadInt32();
        return new RequestHeader(key, version, correlation, reader.ReadNullableString());
    }

    /// <summary>Reads the rest of a request header.</summary>
    /// <param name="reader">Where from, just behind <see cref="ReadRequestHeader"/>.</param>
    /// <param name="flexible">Whether the body's version is flexible.</param>
    public static void ReadRequestTags(ref WireReader reader, bool flexible)
    {
        if (flexible)
            reader.SkipTags();
    }

    /// <summary>Writes a response header.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="key">The request's key.</param>
    /// <param name="correlationId">The request's number.</param>
    /// <param name="flexible">Whether the body's version is flexible.</param>
    public static void WriteResponseHeader(WireWriter writer, ApiKey key, int correlationId, bool flexible)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteInt32(correlationId);
        if (ResponseHeaderVersion(key, flexible) >= 1)
            writer.WriteByte(0);
    }

    /// <summary>Reads a response header and returns the correlation number.</summary>
    /// <param name="reader">Where from.</param>
    /// <param name="key">The key of the request that is being answered (responses come in the order of
    /// requests).</param>
    /// <param name="flexible">Whether the body's version is flexible.</param>
    public static int ReadResponseHeader(ref WireReader reader, ApiKey key, bool flexible)
    {
        var correlation = reader.ReadInt32();
        if (ResponseHeaderVersion(key, flexible) >= 1)
            reader.SkipTags();
        return correlation;
    }

    /// <summary>Writes a whole request frame: size, header, body.</summary>
    /// <param name="writer">Where to; it may hold frames already.</param>
    /// <param name="request">The body.</param>
    /// <param name="version">The version, between the request's lowest and highest.</param>
    /// <param name="correlationId">The number that the response will repeat.</param>
    /// <param name="clientId">The client's name, or null.</param>
    public static void WriteRequest<TRequest, TResponse>(
        WireWriter writer, TRequest request, short version, int correlationId, string? clientId)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        ArgumentNullException.ThrowIfNull(writer);
        var size = writer.ReserveInt32();
        var header = new RequestHeader(TRequest.ApiKey, version, correlationId, clientId);
        WriteRequestHeader(writer, header, version >= TRequest.FirstFlexibleVersion);
        request.Write(writer, version);
        writer.PatchSize(size);
    }

    /// <summary>Writes a whole response frame: size, header, body.</summary>
    /// <param name="writer">Where to; it may hold frames already.</param>
    /// <param name="key">The request's key.</param>
    /// <param name="response">The body.</param>
    /// <param name="version">The request's version.</param>
    /// <param name="correlationId">The request's number.</param>
    /// <param name="flexible">Whether the version is flexible.</param>
    public static void WriteResponse(
        WireWriter writer, ApiKey key, IMessage response, short version, int correlationId, bool flexible)
    {
        ArgumentNullException.ThrowIfNull(writer);
        ArgumentNullException.ThrowIfNull(response);
        var size = writer.ReserveInt32();
        WriteResponseHeader(writer, key, correlationId, flexible);
        response.Write(writer, version);
        writer.PatchSize(size);
    }
}
