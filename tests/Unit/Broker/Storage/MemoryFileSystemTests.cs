using Millrace.Broker.Storage;
using Xunit;

namespace Millrace.Unit.Broker.Storage;

public sealed class MemoryFileSystemTests() : FileSystemContract(new MemoryFileSystem())
{
    [Fact]
    public void Unflushed_writes_are_kept_lost_or_torn_and_flushed_ones_stay()
    {
        var outcomes = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < 200; seed++)
        {
            var files = new MemoryFileSystem(crashable: true);
            var file = files.Open("/f", FileOpening.New);
            files.FlushDirectory("/");
            file.Write(Filled(1), 0);
            file.Flush();
            file.Write(Filled(2), 1024);
            var found = files.Crash(new Random(seed)).Open("/f", FileOpening.Existing);
            var bytes = new byte[4096];
            var length = found.Read(bytes, 0);
            Assert.True(length >= 1024);
            Assert.All(bytes[..1024], static b => Assert.Equal(1, b));
            outcomes.Add(string.Concat(bytes[..length].Chunk(512).Select(static c => c[0])));
        }
        Assert.Contains("11", outcomes);
        Assert.Contains("1122", outcomes);
        Assert.Contains("1102", outcomes);
        Assert.Contains("112", outcomes);
        static byte[] Filled(byte value) => [.. Enumerable.Repeat(value, 1024)];
    }

    [Fact]
    public void Unflushed_names_are_kept_or_lost_in_order()
    {
        var outcomes = new HashSet<string>(StringComparer.Ordinal);
        for (var seed = 0; seed < 100; seed++)
        {
            var files = new MemoryFileSystem(crashable: true);
            files.Open("/a", FileOpening.New).Dispose();
            files.FlushDirectory("/");
            files.Open("/b", FileOpening.New).Dispose();
            files.Rename("/a", "/c");
            files.DeleteFile("/b");
            outcomes.Add(string.Concat(files.Crash(new Random(seed)).List("/").Select(static e => e.Name)));
        }
        Assert.Equal(["a", "ab", "bc", "c"], outcomes.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_kill_keeps_everything_and_ends_the_old_process()
    {
        var files = new MemoryFileSystem(crashable: true);
        var file = files.Open("/f", FileOpening.New);
        file.Write([1, 2], 0);
        var next = files.Kill();
        Assert.Equal(StorageError.PowerLost, Assert.Throws<StorageException>(() => file.Write([1], 0)).Error);
        Assert.Equal(StorageError.PowerLost, Assert.Throws<StorageException>(() => files.List("/")).Error);
        Assert.Equal(2, next.Open("/f", FileOpening.Existing).Length);
        // Not flushed: the power may still take it.
        Assert.Contains(Enumerable.Range(0, 50), seed => next.Kill().Crash(new Random(seed)).List("/").Count == 0);
    }

    [Fact]
    public void A_full_disk_takes_what_fits()
    {
        var files = new MemoryFileSystem { Capacity = 10 };
        using var file = files.Open("/f", FileOpening.New);
        file.Write(new byte[6], 0);
        Assert.Equal(StorageError.Full, Assert.Throws<StorageException>(() => file.Write(new byte[6], 6)).Error);
        Assert.Equal((10L, 0L), (file.Length, files.Space("/").Free));
        file.Write(new byte[10], 0);
        files.DeleteFile("/f");
        Assert.Equal(10, files.Space("/").Free);
    }

    [Fact]
    public void Faults_come_on_demand()
    {
        var files = new MemoryFileSystem();
        using var file = files.Open("/f", FileOpening.New);
        files.FailNext(FileOperation.Flush, StorageError.Failed, "/f");
        file.Write([1], 0);
        Assert.Equal(StorageError.Failed, Assert.Throws<StorageException>(file.Flush).Error);
        file.Flush();
        files.Fault = static (operation, _) => operation == FileOperation.Read ? StorageError.AccessDenied : null;
        Assert.Equal(StorageError.AccessDenied, Assert.Throws<StorageException>(() => file.Read(new byte[1], 0)).Error);
        Assert.Throws<InvalidOperationException>(() => files.Crash(new Random(1)));
    }
}
