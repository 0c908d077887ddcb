using System.Buffers.Binary;
using Microsoft.Extensions.Logging;
using Millrace.Protocol;
using Millrace.Protocol.Messages;
using Millrace.Protocol.Wire;

namespace Millrace.Client.Net;

/// <summary>Opening a connection, and the two awaitable calls.</summary>
sealed partial class BrokerConnection
{
    // Brokers refuse other characters than letters, digits, '.' and '-' (KIP-511).
    const string SoftwareName = "millrace";

    static readonly string SoftwareVersion =
        typeof(BrokerConnection).Assembly.GetName().Version?.ToString(3) ?? "0";

    /// <summary>Connects and negotiates versions. <paramref name="onSlow"/> is called, without locks, when the broker
    /// has been silent for longer than <see cref="ClientOptions.SlowAfter"/>, and again while it is.</summary>
    /// <exception cref="KafkaConnectionException">The broker cannot be reached, or does not speak the
    /// protocol.</exception>
    public static async Task<BrokerConnection> OpenAsync(
        string host, int port, string broker, ClientOptions options, ClientRuntime runtime, ILogger logger,
        Action onSlow, CancellationToken cancellation)
    {
        var transport = await runtime.Transport.ConnectAsync(host, port, cancellation).ConfigureAwait(false);
        var connection = new BrokerConnection(transport, broker, options, runtime, logger, onSlow);
        connection._reader = Loop.Start("connection reader", logger, connection.ReadLoopAsync);
        try
        {
            await connection.NegotiateAsync(cancellation).ConfigureAwait(false);
            return connection;
        }
        catch (Exception e)
        {
            connection.Close(connection.Wrap(e));
            throw;
        }
    }

    /// <summary>Sends and waits for the answer. The answer owns its bytes: they are copied out of the frame.</summary>
    /// <param name="request">The request.</param>
    /// <param name="versionCap">The highest version that the caller's logic understands.</param>
    /// <param name="timeout">How long the broker may take; null = <see cref="ClientOptions.RequestTimeout"/>.</param>
    /// <param name="cancellation">Stops waiting; the request may still be carried out.</param>
    public async ValueTask<TResponse> SendAsync<TRequest, TResponse>(
        TRequest request, short versionCap = short.MaxValue, TimeSpan? timeout = null,
            CancellationToken cancellation = default)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var pending = Pend<TRequest, TResponse>(versionCap);
        Send<TRequest, TResponse>(request, pending, timeout ?? _options.RequestTimeout);
        var frame = await pending.WaitAsync(cancellation).ConfigureAwait(false);
        var copy = frame.Memory.ToArray();
        frame.Release();
        return Decode<TResponse>(copy, pending);
    }

    /// <summary>As <see cref="SendAsync"/>, but the answer's byte fields borrow from the frame, which the caller
    /// releases.</summary>
    public async ValueTask<ResponseFrame<TResponse>> SendBorrowedAsync<TRequest, TResponse>(
        TRequest request, short versionCap = short.MaxValue, TimeSpan? timeout = null,
            CancellationToken cancellation = default)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var pending = Pend<TRequest, TResponse>(versionCap);
        Send<TRequest, TResponse>(request, pending, timeout ?? _options.RequestTimeout);
        var frame = await pending.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return new ResponseFrame<TResponse>(Decode<TResponse>(frame.Memory, pending), frame, pending.Version);
        }
        catch
        {
            frame.Release();
            throw;
        }
    }

    /// <summary>Reads an answer. One that does not follow the format closes the connection: nothing behind it can be
    /// trusted.</summary>
    public TResponse Decode<TResponse>(ReadOnlyMemory<byte> frame, PendingRequest pending)
        where TResponse : class, IMessage, new() => Decode<TResponse>(frame, pending, pending.Version);

    TResponse Decode<TResponse>(ReadOnlyMemory<byte> frame, PendingRequest pending, short version)
        where TResponse : class, IMessage, new()
    {
        var response = new TResponse();
        try
        {
            var reader = pending.ReadBody(frame);
            response.Read(ref reader, version);
            reader.ThrowIfBad($"{pending.ApiKey} response v{version} of {Broker}");
        }
        catch (WireFormatException e)
        {
            var failure = new KafkaConnectionException(
                $"{Broker} sent an answer that cannot be read: {e.Message}", e, maybeProcessed: true);
            Close(failure);
            throw failure;
        }
        HoldFor(Throttle.MillisecondsOf(response));
        return response;
    }

    AwaitedRequest Pend<TRequest, TResponse>(short versionCap)
        where TRequest : IRequest<TResponse>
        where TResponse : class, IMessage, new()
    {
        var version = Versions.Choose<TRequest, TResponse>(versionCap, Broker);
        return new AwaitedRequest(TRequest.ApiKey, version, version >= TRequest.FirstFlexibleVersion);
    }

    /// <summary>Asks for versions at our highest one. A broker that does not know it answers error 35 in the v0 layout
    /// with the versions it has; then the question is asked again in one of those (KIP-511).</summary>
    async Task NegotiateAsync(CancellationToken cancellation)
    {
        var version = ApiVersionsRequest.MaxVersion;
        for (var attempt = 0; ; attempt++)
        {
            var response = await AskVersionsAsync(version, cancellation).ConfigureAwait(false);
            if (response.ErrorCode == ErrorCode.None)
            {
                Versions = new ApiVersionTable(response);
                return;
            }
            if (response.ErrorCode != ErrorCode.UnsupportedVersion || attempt > 0)
            {
                throw new KafkaConnectionException(
                    $"{Broker} refused to tell its versions: {response.ErrorCode.Name()}",
                        isTransient: response.ErrorCode.IsRetriable());
            }
            version = Math.Max((short)0, new ApiVersionTable(response).TryChoose(
                ApiKey.ApiVersions, ApiVersionsRequest.MinVersion, ApiVersionsRequest.MaxVersion,
                    ApiVersionsRequest.MaxVersion));
        }
    }

    async Task<ApiVersionsResponse> AskVersionsAsync(short version, CancellationToken cancellation)
    {
        var request = new ApiVersionsRequest();
        if (version >= ApiVersionsRequest.FirstFlexibleVersion)
        {
            request.ClientSoftwareName = SoftwareName;
            request.ClientSoftwareVersion = SoftwareVersion;
        }
        var pending = new AwaitedRequest(
            ApiKey.ApiVersions, version, version >= ApiVersionsRequest.FirstFlexibleVersion);
        Send<ApiVersionsRequest, ApiVersionsResponse>(request, pending, _options.ConnectTimeout);
        var frame = await pending.WaitAsync(cancellation).ConfigureAwait(false);
        var copy = frame.Memory.ToArray();
        frame.Release();
        // The error stands first in every version, behind the header's four bytes.
        var isRefusal = copy.Length >= 6
            && BinaryPrimitives.ReadInt16BigEndian(copy.AsSpan(4)) == (short)ErrorCode.UnsupportedVersion;
        return Decode<ApiVersionsResponse>(copy, pending, isRefusal ? (short)0 : version);
    }
}
