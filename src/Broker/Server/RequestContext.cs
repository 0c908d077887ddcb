using Millrace.Protocol.Wire;

namespace Millrace.Broker.Server;

/// <summary>Where clients of a listener are told to find the broker.</summary>
readonly record struct Endpoint(string Host, int Port)
{
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? $"[{Host}]:{Port}" : $"{Host}:{Port}";
}

/// <summary>One request on its way: what its handler may know beside the body.</summary>
sealed class RequestContext
{
    List<SharedBuffer>? _kept;

    public required RequestHeader Header { get; init; }

    /// <summary>The client's address without its port, in Kafka's form: <c>/127.0.0.1</c>.</summary>
    public required string ClientHost { get; init; }

    /// <summary>What the broker is called on the listener that the client uses.</summary>
    public required Endpoint Advertised { get; init; }

    /// <summary>Cancelled when the connection closes: waiting for its sake is over.</summary>
    public required CancellationToken Closed { get; init; }

    public short Version => Header.ApiVersion;

    public string ClientId => Header.ClientId ?? "";

    /// <summary>Bytes of the buffers that the answer borrows from.</summary>
    public long KeptBytes { get; private set; }

    /// <summary>Hands over one reference: it is released when the answer that borrows from the buffer has been
    /// sent.</summary>
    public void ReleaseWhenSent(SharedBuffer buffer)
    {
        (_kept ??= []).Add(buffer);
        KeptBytes += buffer.Length;
    }

    public void ReleaseKept()
    {
        if (_kept is not { } kept) return;
        _kept = null;
        foreach (var buffer in kept) buffer.Release();
    }
}

/// <summary>Close the connection: Kafka's answer to a request that has none.</summary>
sealed class CloseConnectionException(string message) : Exception(message);
