using System.Net.Sockets;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Protocol.Wire;

/// <summary>What every transport keeps to. The classes below run it for TCP and for memory.</summary>
public abstract class TransportContract
{
    static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    protected abstract ITransport Transport { get; }

    [Fact]
    public async Task Bytes_arrive_in_order_in_both_directions_whatever_the_segments()
    {
        const int seed = 4711;
        var random = new Random(seed);
        await using var pair = await Pair.MakeAsync(Transport);
        await Task.WhenAll(
            ExchangeAsync(pair.Client, pair.Server, new Random(random.Next())),
            ExchangeAsync(pair.Server, pair.Client, new Random(random.Next()))).WaitAsync(Deadline);
    }

    [Fact]
    public async Task Thousands_of_segments_go_in_one_send()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        var segments = new ReadOnlyMemory<byte>[3000];
        for (var i = 0; i < segments.Length; i++)
        {
            segments[i] = i % 7 == 0 ? default : new[] { (byte)i, (byte)(i >> 8) };
        }

        var expected = segments.SelectMany(segment => segment.ToArray()).ToArray();
        var send = pair.Client.SendAsync(segments, default).AsTask();
        Assert.Equal(expected, await ReadAsync(pair.Server, expected.Length));
        await send.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Memory_without_an_array_is_sent_too()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        using var native = new NativeBytes([1, 2, 3]);
        await pair.Client.SendAsync([new byte[] { 0 }, native.Memory, new byte[] { 4 }, native.Memory], default);
        Assert.Equal([0, 1, 2, 3, 4, 1, 2, 3], await ReadAsync(pair.Server, 8));
    }

    [Fact]
    public async Task A_small_send_does_not_wait_for_a_reader_and_a_large_one_does()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        await pair.Client.SendAsync([new byte[100]], default).AsTask().WaitAsync(Deadline);
        var large = pair.Client.SendAsync([new byte[64 << 20]], default).AsTask();
        Assert.False(large.IsCompleted);
        await ReadAsync(pair.Server, 100 + (64 << 20));
        await large.WaitAsync(Deadline);
    }

    [Fact]
    public async Task Disposing_lets_the_other_side_read_what_was_sent_and_then_the_end()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        await pair.Client.SendAsync([new byte[] { 1, 2 }], default);
        await pair.Client.DisposeAsync();
        Assert.Equal([1, 2], await ReadAsync(pair.Server, 2));
        Assert.Equal(0, await pair.Server.ReceiveAsync(new byte[1], default).AsTask().WaitAsync(Deadline));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            // TCP notices at the second write at the latest, once the reset came back.
            while (true)
            {
                await pair.Server.SendAsync([new byte[1000]], default).AsTask().WaitAsync(Deadline);
            }
        });
    }

    [Fact]
    public async Task Abort_fails_the_pending_calls_of_both_ends()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        var here = pair.Client.ReceiveAsync(new byte[1], default).AsTask();
        var there = pair.Server.ReceiveAsync(new byte[1], default).AsTask();
        var send = pair.Client.SendAsync([new byte[64 << 20]], default).AsTask();
        pair.Client.Abort();
        pair.Client.Abort();
        await Assert.ThrowsAnyAsync<IOException>(() => here.WaitAsync(Deadline));
        await Assert.ThrowsAnyAsync<IOException>(() => send.WaitAsync(Deadline));
        await Assert.ThrowsAnyAsync<IOException>(async () =>
        {
            while (await there.WaitAsync(Deadline) > 0)
            {
                there = pair.Server.ReceiveAsync(new byte[1 << 20], default).AsTask();
            }
        });
        await Assert.ThrowsAnyAsync<IOException>(async () => await pair.Client.ReceiveAsync(new byte[1], default));
        await Assert.ThrowsAnyAsync<IOException>(async () => await pair.Client.SendAsync([new byte[1]], default));
        await Assert.ThrowsAnyAsync<IOException>(
            async () => await pair.Client.SendAsync([new byte[1], new byte[1]], default));
    }

    [Fact]
    public async Task A_cancelled_read_leaves_the_connection_usable()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        using var cancellation = new CancellationTokenSource();
        var read = pair.Server.ReceiveAsync(new byte[1], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read.WaitAsync(Deadline));
        await pair.Client.SendAsync([new byte[] { 9 }], default);
        Assert.Equal([9], await ReadAsync(pair.Server, 1));
    }

    [Fact]
    public async Task A_cancelled_write_ends()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        using var cancellation = new CancellationTokenSource();
        var send = pair.Client.SendAsync([new byte[64 << 20], new byte[64 << 20]], cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => send.WaitAsync(Deadline));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_write_cancelled_in_the_middle_closes_the_connection(int segments)
    {
        // A part was sent: what comes next would be taken for the rest.
        await using var pair = await Pair.MakeAsync(Transport);
        using var cancellation = new CancellationTokenSource();
        var large = Enumerable.Repeat((ReadOnlyMemory<byte>)new byte[64 << 20], segments).ToList();
        var send = pair.Client.SendAsync(large, cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => send.WaitAsync(Deadline));
        await Assert.ThrowsAnyAsync<IOException>(
            () => pair.Client.SendAsync([new byte[1]], default).AsTask().WaitAsync(Deadline));
    }

    [Fact]
    public async Task A_write_cancelled_before_it_starts_leaves_the_connection_usable()
    {
        await using var pair = await Pair.MakeAsync(Transport);
        var cancelled = new CancellationToken(canceled: true);
        foreach (var segments in new ReadOnlyMemory<byte>[][] { [new byte[1]], [new byte[1], new byte[1]] })
        {
            await Assert.ThrowsAnyAsync<OperationCanceledException>(
                async () => await pair.Client.SendAsync(segments, cancelled));
        }

        await pair.Client.SendAsync([new byte[] { 5 }], default);
        Assert.Equal([5], await ReadAsync(pair.Server, 1));
    }

    [Fact]
    public async Task A_port_in_use_is_a_socket_error_until_its_listener_is_gone()
    {
        var listener = await Transport.ListenAsync("127.0.0.1", 0, default);
        var port = listener.EndPoint.Port;
        var error = await Assert.ThrowsAsync<SocketException>(
            async () => await Transport.ListenAsync("127.0.0.1", port, default));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        await listener.DisposeAsync();
        error = await Assert.ThrowsAsync<SocketException>(
            async () => await Transport.ConnectAsync("127.0.0.1", port, default));
        Assert.Equal(SocketError.ConnectionRefused, error.SocketErrorCode);
        await (await Transport.ListenAsync("127.0.0.1", port, default)).DisposeAsync();
    }

    [Fact]
    public async Task Disposing_a_listener_ends_its_waiting_accept()
    {
        var listener = await Transport.ListenAsync("localhost", 0, default);
        var accept = listener.AcceptAsync(default).AsTask();
        await listener.DisposeAsync();
        await Assert.ThrowsAnyAsync<IOException>(() => accept.WaitAsync(Deadline));
    }

    [Fact]
    public async Task A_cancelled_accept_leaves_the_listener_usable()
    {
        await using var listener = await Transport.ListenAsync("localhost", 0, default);
        using var cancellation = new CancellationTokenSource();
        var accept = listener.AcceptAsync(cancellation.Token).AsTask();
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => accept.WaitAsync(Deadline));
        await using var client = await Transport.ConnectAsync("localhost", listener.EndPoint.Port, default);
        await using var server = await listener.AcceptAsync(default).AsTask().WaitAsync(Deadline);
        Assert.NotEmpty(client.RemoteEndPoint);
    }

    static async Task ExchangeAsync(ITransportConnection from, ITransportConnection to, Random random)
    {
        var bytes = new byte[1 << 20];
        random.NextBytes(bytes);
        var lengths = new List<int>();
        for (var left = bytes.Length; left > 0;)
        {
            var wanted = random.Next(4) switch
            {
                0 => 0,
                1 => random.Next(10),
                2 => random.Next(3000),
                _ => random.Next(150_000),
            };
            var length = Math.Min(left, wanted);
            lengths.Add(length);
            left -= length;
        }

        var send = Task.Run(async () =>
        {
            var at = 0;
            for (var i = 0; i < lengths.Count;)
            {
                var segments = new List<ReadOnlyMemory<byte>>();
                for (var n = 1 + (i % 5); n > 0 && i < lengths.Count; n--)
                {
                    segments.Add(bytes.AsMemory(at, lengths[i]));
                    at += lengths[i++];
                }

                await from.SendAsync(segments, default);
            }
        });

        var received = new byte[bytes.Length];
        for (var at = 0; at < received.Length;)
        {
            var wanted = Math.Min(received.Length - at, 1 + random.Next(100_000));
            var read = await to.ReceiveAsync(received.AsMemory(at, wanted), default);
            Assert.InRange(read, 1, wanted);
            at += read;
        }

        await send;
        Assert.True(bytes.AsSpan().SequenceEqual(received));
    }

    static async Task<byte[]> ReadAsync(ITransportConnection connection, int count)
    {
        var bytes = new byte[count];
        for (var at = 0; at < count;)
        {
            var read = await connection.ReceiveAsync(bytes.AsMemory(at), default).AsTask().WaitAsync(Deadline);
            Assert.True(read > 0);
            at += read;
        }

        return bytes;
    }

    sealed class Pair(ITransportListener listener, ITransportConnection client, ITransportConnection server)
        : IAsyncDisposable
    {
        public ITransportConnection Client => client;

        public ITransportConnection Server => server;

        public static async Task<Pair> MakeAsync(ITransport transport)
        {
            var listener = await transport.ListenAsync("localhost", 0, default);
            var accept = listener.AcceptAsync(default).AsTask();
            var client = await transport.ConnectAsync("localhost", listener.EndPoint.Port, default);
            return new Pair(listener, client, await accept.WaitAsync(Deadline));
        }

        public async ValueTask DisposeAsync()
        {
            await client.DisposeAsync();
            await server.DisposeAsync();
            await listener.DisposeAsync();
        }
    }
}

public sealed class TcpTransportTests : TransportContract
{
    protected override ITransport Transport { get; } = new TcpTransport();

    [Fact]
    public async Task A_listener_on_all_addresses_takes_ipv4_and_ipv6()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using var listener = await Transport.ListenAsync("::", 0, default);
        foreach (var host in new[] { "127.0.0.1", "::1" })
        {
            await using var client = await Transport.ConnectAsync(host, listener.EndPoint.Port, default);
            await using var server = await listener.AcceptAsync(default);
            Assert.NotEmpty(server.RemoteEndPoint);
        }
    }
}

public sealed class MemoryTransportTests : TransportContract, IDisposable
{
    readonly DiagnosticBufferPool _pool = new();

    public MemoryTransportTests() => Transport = new MemoryTransport(_pool, 10_000);

    protected override ITransport Transport { get; }

    [Fact]
    public async Task A_listener_on_all_addresses_takes_any_host_and_others_only_their_own()
    {
        await using var all = await Transport.ListenAsync("0.0.0.0", 9092, default);
        await using var one = await Transport.ListenAsync("broker-1", 9093, default);
        await using var client = await Transport.ConnectAsync("Anything", 9092, default);
        await using var server = await all.AcceptAsync(default);
        await using var client1 = await Transport.ConnectAsync("BROKER-1", 9093, default);
        await using var server1 = await one.AcceptAsync(default);
        await Assert.ThrowsAsync<SocketException>(async () => await Transport.ConnectAsync("broker-2", 9093, default));
    }

    [Fact]
    public async Task Free_ports_do_not_run_out_while_listeners_come_and_go()
    {
        await using var kept = await Transport.ListenAsync("localhost", 0, default);
        for (var i = 0; i < 20_000; i++)
        {
            var listener = await Transport.ListenAsync("localhost", 0, default);
            Assert.InRange(listener.EndPoint.Port, 49152, 65535);
            Assert.NotEqual(kept.EndPoint.Port, listener.EndPoint.Port);
            await listener.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_host_without_a_free_port_says_so()
    {
        var transport = new MemoryTransport(_pool);
        for (var i = 49152; i <= 65535; i++)
        {
            await transport.ListenAsync("localhost", 0, default);
        }

        var error = await Assert.ThrowsAsync<SocketException>(
            async () => await transport.ListenAsync("localhost", 0, default));
        Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        await transport.ListenAsync("other", 0, default);
    }

    public void Dispose() => _pool.AssertAllReturned();
}
