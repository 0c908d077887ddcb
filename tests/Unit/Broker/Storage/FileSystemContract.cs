using Millrace.Broker.Storage;
using Xunit;

namespace Millrace.Unit.Broker.Storage;

/// <summary>What both file systems must do alike.</summary>
public abstract class FileSystemContract : IDisposable
{
    readonly string _root = Path.Combine(Path.GetTempPath(),
        $"millrace-fs-{Environment.ProcessId}-{Environment.CurrentManagedThreadId}");

    protected FileSystemContract(IFileSystem files)
    {
        Files = files;
        files.DeleteDirectory(_root);
        files.CreateDirectory(_root);
    }

    protected IFileSystem Files { get; }

    [Fact]
    public void What_is_written_is_read()
    {
        using var file = Files.Open(At("a"), FileOpening.New);
        file.Write([1, 2, 3], 0);
        file.Write([new byte[] { 4, 5 }, Array.Empty<byte>(), new byte[] { 6 }], 3);
        file.Write([9], 200_000);
        file.Flush();
        Assert.Equal(200_001, file.Length);
        var buffer = new byte[8];
        Assert.Equal(8, file.Read(buffer, 0));
        Assert.Equal([1, 2, 3, 4, 5, 6, 0, 0], buffer);
        Assert.Equal(1, file.Read(buffer, 200_000));
        Assert.Equal(0, file.Read(buffer, 200_001));
        file.SetLength(2);
        file.SetLength(5);
        Assert.Equal(5, file.Read(buffer, 0));
        Assert.Equal([1, 2, 0, 0, 0], buffer[..5]);
    }

    [Fact]
    public void Opening_says_what_it_expects()
    {
        Assert.Equal(StorageError.NotFound, Error(() => Files.Open(At("a"), FileOpening.Existing)));
        Assert.Equal(StorageError.NotFound, Error(() => Files.Open(At("no/a"), FileOpening.Any)));
        Files.Open(At("a"), FileOpening.Any).Dispose();
        Files.Open(At("a"), FileOpening.Existing).Dispose();
        Assert.Equal(StorageError.AlreadyExists, Error(() => Files.Open(At("a"), FileOpening.New)));
        Assert.Equal(StorageError.AccessDenied, Error(() => Files.Open(_root, FileOpening.Existing)));
    }

    [Fact]
    public void Names_are_listed_renamed_and_deleted()
    {
        Files.CreateDirectory(At("d/e"));
        using (var file = Files.Open(At("b"), FileOpening.New))
            file.Write([1, 2], 0);
        Files.Open(At("a"), FileOpening.New).Dispose();
        Assert.Equal([new("a", false, 0), new("b", false, 2), new("d", true, 0)], Files.List(_root));
        Files.Rename(At("b"), At("a"));
        Files.Rename(At("d"), At("c"));
        Files.FlushDirectory(_root);
        Assert.Equal([new("a", false, 2), new FileSystemEntry("c", true, 0)], Files.List(_root));
        Assert.True(Files.DirectoryExists(At("c/e")) && Files.FileExists(At("a")));
        Assert.False(Files.FileExists(At("c")) || Files.DirectoryExists(At("a")) || Files.FileExists(At("b")));
        Files.DeleteFile(At("a"));
        Files.DeleteFile(At("a"));
        Files.DeleteFile(At("no/a"));
        Files.DeleteDirectory(At("c"));
        Files.DeleteDirectory(At("c"));
        Assert.Empty(Files.List(_root));
        Assert.Equal(StorageError.NotFound, Error(() => Files.List(At("c"))));
        Assert.Equal(StorageError.NotFound, Error(() => Files.Rename(At("x"), At("y"))));
    }

    [Fact]
    public void A_file_stays_readable_while_it_is_renamed_and_deleted()
    {
        using var file = Files.Open(At("a"), FileOpening.New);
        file.Write([7], 0);
        Files.Rename(At("a"), At("b"));
        Files.DeleteFile(At("b"));
        var buffer = new byte[1];
        Assert.Equal(1, file.Read(buffer, 0));
        Assert.Equal(7, buffer[0]);
    }

    [Fact]
    public void A_lock_has_one_holder()
    {
        var held = Files.Lock(At("l"));
        Assert.Equal(StorageError.Locked, Error(() => Files.Lock(At("l"))));
        held.Dispose();
        Files.Lock(At("l")).Dispose();
    }

    [Fact]
    public void A_closed_file_refuses()
    {
        var file = Files.Open(At("a"), FileOpening.New);
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Read(new byte[1], 0));
        Assert.Throws<ObjectDisposedException>(() => file.Write([1], 0));
        Assert.Throws<ObjectDisposedException>(file.Flush);
    }

    [Fact]
    public void A_volume_has_space()
    {
        var space = Files.Space(_root);
        Assert.True(space.Free > 0 && space.Total >= space.Free);
    }

    public void Dispose()
    {
        Files.DeleteDirectory(_root);
        GC.SuppressFinalize(this);
    }

    protected string At(string name) => Path.Combine(_root, name);

    static StorageError Error(Action action) => Assert.Throws<StorageException>(action).Error;
}

public sealed class DiskFileSystemTests() : FileSystemContract(DiskFileSystem.Instance);
