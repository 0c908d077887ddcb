using System.Net;
using Millrace.Protocol;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Server;

/// <summary>A transport is given by the user and may fail in ways that nobody thought of: that costs one connection, or
/// one attempt to accept, and is logged.</summary>
public sealed class TransportFaultTests
{
    [Fact]
    public async Task A_failed_accept_does_not_end_the_listener()
    {
        var faults = new Faults { Accept = 1 };
        var log = new ErrorLog();
        await using var broker = await StartAsync(faults, log);
        await using var client = await broker.ConnectAsync();
        Assert.Equal(ErrorCode.None, (await client.CreateAsync("t")).ErrorCode);
        Assert.Single(log.Errors);
    }

    [Fact]
    public async Task A_connection_that_cannot_be_read_or_written_is_closed_and_its_buffers_come_back()
    {
        var faults = new Faults();
        var log = new ErrorLog();
        await using var broker = await StartAsync(faults, log);
        await using var good = await broker.ConnectAsync();
        Assert.Equal(ErrorCode.None, (await good.CreateAsync("t")).ErrorCode);

        faults.Receive = 1;
        await using (var bad = await broker.ConnectAsync()) Assert.Null(await bad.ReceiveFrameAsync());
        await TestBroker.UntilAsync(() => broker.Broker.ConnectionCount == 1);

        await using var mute = await broker.ConnectAsync();
        await mute.FetchAsync("t", 0);
        faults.Send = 1;
        await mute.SendAsync<Millrace.Protocol.Messages.FetchRequest, Millrace.Protocol.Messages.FetchResponse>(
            RawClient.Fetch("t", 0), 12);
        Assert.Null(await mute.ReceiveFrameAsync());
        await TestBroker.UntilAsync(() => broker.Broker.ConnectionCount == 1);
        Assert.Equal(2, log.Errors.Count);
        Assert.Equal(0, (await good.ProduceAsync("t", "still here")).BaseOffset);
    }

    static Task<TestBroker> StartAsync(Faults faults, ErrorLog log) => TestBroker.StartAsync(
        change: r => r with { Transports = [new FaultyTransport(r.Transports[0], faults)], LoggerFactory = log });

    /// <summary>How many of the next calls fail.</summary>
    sealed class Faults
    {
        public int Accept;
        public int Receive;
        public int Send;

        public static void Check(ref int left)
        {
            if (Volatile.Read(ref left) > 0 && Interlocked.Decrement(ref left) >= 0)
                throw new NotSupportedException("Nobody thought of this.");
        }
    }

    sealed class FaultyTransport(ITransport inner, Faults faults) : ITransport
    {
        public ValueTask<ITransportConnection> ConnectAsync(string host, int port, CancellationToken cancellation) =>
            inner.ConnectAsync(host, port, cancellation);

        public async ValueTask<ITransportListener> ListenAsync(string host, int port, CancellationToken cancellation) =>
            new FaultyListener(await inner.ListenAsync(host, port, cancellation), faults);
    }

    sealed class FaultyListener(ITransportListener inner, Faults faults) : ITransportListener
    {
        public DnsEndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ITransportConnection> AcceptAsync(CancellationToken cancellation)
        {
            Faults.Check(ref faults.Accept);
            return new FaultyConnection(await inner.AcceptAsync(cancellation), faults);
        }

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }

    sealed class FaultyConnection(ITransportConnection inner, Faults faults) : ITransportConnection
    {
        public string RemoteEndPoint => inner.RemoteEndPoint;

        public ValueTask<int> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellation)
        {
            Faults.Check(ref faults.Receive);
            return inner.ReceiveAsync(buffer, cancellation);
        }

        public ValueTask SendAsync(IReadOnlyList<ReadOnlyMemory<byte>> segments, CancellationToken cancellation)
        {
            Faults.Check(ref faults.Send);
            return inner.SendAsync(segments, cancellation);
        }

        public void Abort() => inner.Abort();

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
