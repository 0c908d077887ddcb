using System.Net;
using System.Net.Sockets;
using Millrace.Broker;
using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Server;

/// <summary>What keeps a broker from starting is said in one line that names the thing and the remedy.</summary>
public sealed class StartTests
{
    public static TheoryData<string, BrokerOptions, string> BadOptions => new()
    {
        { "Host", new() { Host = " " }, "Host is empty: give an address" },
        { "Port", new() { Port = -1 }, "Port is -1: give one from 1 to 65535" },
        { "AdvertisedPort", new() { AdvertisedPort = 0 }, "AdvertisedPort is 0: give one from 1" },
        { "AdvertisedHost", new() { AdvertisedHost = "0.0.0.0" }, "AdvertisedHost is '0.0.0.0': clients cannot" },
        { "MaxRequestBytes", With(new() { MaxRequestBytes = 1 }), "Limits.MaxRequestBytes is 1: give at least 1024" },
        { "MaxConnections", With(new() { MaxConnections = 0 }), "Limits.MaxConnections is 0: give at least 1" },
        { "InFlight", With(new() { MaxInFlightPerConnection = 0 }), "MaxInFlightPerConnection is 0: give at least 1" },
        { "ReceiveBuffer", With(new() { ReceiveBufferBytes = 1 }), "ReceiveBufferBytes is 1: give at least 1024" },
        { "Idle", With(new() { ConnectionIdleTimeout = default }), "ConnectionIdleTimeout is 00:00:00: give a" },
        { "Coordinator", With(new() { MaxCoordinatorQueue = 0 }), "MaxCoordinatorQueue is 0: give at least 1" },
        { "NodeId", new() { NodeId = -1 }, "NodeId is -1: give a number from 0" },
        { "DataDirectory", new() { DataDirectory = "" }, "DataDirectory is empty: give a path, or null" },
        { "Flush", new() { Flush = new(FlushMode.Interval, default) }, "use FlushPolicy.Every with a positive one" },
        { "DefaultPartitions", new() { DefaultPartitions = 0 }, "DefaultPartitions is 0: give at least 1" },
        { "Sessions", new() { MinSessionTimeout = TimeSpan.FromHours(1) }, "the first must be positive and not above" },
        { "Delay", new() { InitialRebalanceDelay = TimeSpan.FromSeconds(-1) }, "InitialRebalanceDelay is -00:00:01" },
        { "Topics", new() { TopicDefaults = new Dictionary<string, string> { ["x"] = "1" } }, "Unknown topic config" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public async Task An_option_that_cannot_be_is_named_with_the_remedy(
        string name, BrokerOptions options, string message)
    {
        var e = await Assert.ThrowsAsync<ArgumentException>(() => KafkaBroker.StartAsync(options));
        Assert.True(e.Message.Contains(message, StringComparison.Ordinal), $"{name}: {e.Message}");
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task A_data_directory_of_another_broker_is_refused_and_free_once_that_stops()
    {
        using var folder = new TemporaryFolder();
        var options = new BrokerOptions { DataDirectory = folder.Path, Port = 0 };
        await using (await StartAsync(options))
        {
            var e = await Assert.ThrowsAsync<StorageException>(() => StartAsync(options));
            Assert.Equal(StorageError.Locked, e.Error);
            Assert.Contains("is locked by another process. Stop that one, or use another", e.Message,
                StringComparison.Ordinal);
        }

        await using var again = await StartAsync(options);
        Assert.True(again.Port > 0);
    }

    [Fact]
    public async Task A_data_directory_that_cannot_be_written_is_named()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(file, "not a directory", TestContext.Current.CancellationToken);
        var below = Path.Combine(file, "data");
        var e = await Assert.ThrowsAsync<StorageException>(() => StartAsync(new() { DataDirectory = below, Port = 0 }));
        Assert.Contains(file, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Fact]
    public async Task A_start_on_a_disk_that_refuses_or_is_full_fails_cleanly_and_frees_the_port()
    {
        var transport = new MemoryTransport();
        foreach (var error in new[] { StorageError.AccessDenied, StorageError.Full, StorageError.Failed })
        {
            var files = new MemoryFileSystem { Fault = (kind, _) => kind == FileOperation.Create ? error : null };
            var runtime = new BrokerRuntime { Transports = [transport], Files = files, Random = new Random(1) };
            var options = new BrokerOptions { DataDirectory = "/data", Port = 9092 };
            var e = await Assert.ThrowsAsync<StorageException>(() => KafkaBroker.StartAsync(options, runtime));
            Assert.Equal(error, e.Error);
            files.Fault = null;
            await using var broker = await KafkaBroker.StartAsync(options, runtime);
            Assert.Equal(9092, broker.Port);
        }
    }

    [Fact]
    public async Task A_directory_with_something_else_in_it_is_left_alone()
    {
        using var folder = new TemporaryFolder();
        var other = Path.Combine(folder.Path, "letters.txt");
        await File.WriteAllTextAsync(other, "dear", TestContext.Current.CancellationToken);
        var options = new BrokerOptions { DataDirectory = folder.Path, Port = 0 };
        var e = await Assert.ThrowsAsync<StorageException>(() => StartAsync(options));
        Assert.Contains("it is not a data directory. Use an empty one", e.Message, StringComparison.Ordinal);
        Assert.Equal("dear", await File.ReadAllTextAsync(other, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_port_that_another_program_uses_is_named_or_the_next_free_one_taken()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var e = await Assert.ThrowsAsync<IOException>(() => StartAsync(new() { Port = port }));
        Assert.Equal($"Port {port} on 127.0.0.1 is taken: stop the program that uses it, "
            + "or choose another (0 or NextFreePort take a free one).", e.Message);
        if (port > ushort.MaxValue - 100) return;
        await using var broker = await StartAsync(new() { Port = port, NextFreePort = true });
        Assert.InRange(broker.Port, port + 1, port + 100);
        Assert.Equal($"127.0.0.1:{broker.Port}", broker.BootstrapServers);
    }

    [Fact]
    public async Task An_address_that_is_not_of_this_machine_is_named()
    {
        // 192.0.2.0/24 is for documentation: nobody has it.
        var e = await Assert.ThrowsAsync<IOException>(() => StartAsync(new() { Host = "192.0.2.1", Port = 0 }));
        Assert.Contains("Cannot listen on 192.0.2.1:0", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    static Task<KafkaBroker> StartAsync(BrokerOptions options) =>
        KafkaBroker.StartAsync(options, cancellation: TestContext.Current.CancellationToken);

    static BrokerOptions With(Limits limits) => new() { Limits = limits };

    sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("millrace-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
