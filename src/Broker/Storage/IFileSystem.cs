namespace Millrace.Broker.Storage;

/// <summary>The file system seam: where the broker keeps its data. <see cref="DiskFileSystem"/> in production;
/// <see cref="MemoryFileSystem"/> in tests, which can lose what was never flushed. Every member may be called from any
/// thread; failures are <see cref="StorageException"/>.</summary>
public interface IFileSystem
{
    /// <summary>Opens a file for reading and writing.</summary>
    /// <exception cref="StorageException">The file is missing (<see cref="FileOpening.Existing"/>), present
    /// (<see cref="FileOpening.New"/>), or cannot be opened.</exception>
    IFile Open(string path, FileOpening opening);

    /// <summary>True when a file (not a directory) is there.</summary>
    bool FileExists(string path);

    /// <summary>True when a directory is there.</summary>
    bool DirectoryExists(string path);

    /// <summary>Creates a directory and every missing parent. No error when it is there.</summary>
    void CreateDirectory(string path);

    /// <summary>What a directory holds, sorted by name (ordinal), not recursive.</summary>
    IReadOnlyList<FileSystemEntry> List(string directory);

    /// <summary>Renames a file or directory. A file in the way is replaced, atomically. Durable after
    /// <see cref="FlushDirectory"/> of the parent.</summary>
    void Rename(string from, string to);

    /// <summary>Deletes a file. No error when it is missing.</summary>
    void DeleteFile(string path);

    /// <summary>Deletes a directory and all in it. No error when it is missing.</summary>
    void DeleteDirectory(string path);

    /// <summary>Makes creations, renames and deletions in this directory survive a loss of power.</summary>
    void FlushDirectory(string path);

    /// <summary>Takes an exclusive lock on a file, creating it. Disposing gives it back.</summary>
    /// <exception cref="StorageException"><see cref="StorageError.Locked"/>: another process or broker holds
    /// it.</exception>
    IDisposable Lock(string path);

    /// <summary>Free and total bytes of the volume that holds the path.</summary>
    VolumeSpace Space(string path);
}

/// <summary>An open file. Positional: it has no cursor. Reads and writes may run at once; a reader sees whole writes
/// that returned before its read began.</summary>
public interface IFile : IDisposable
{
    /// <summary>The length now, in bytes.</summary>
    long Length { get; }

    /// <summary>Reads until the buffer is full or the file ends. Returns the count of bytes read.</summary>
    int Read(Span<byte> buffer, long offset);

    /// <summary>Writes all bytes at an offset; the file grows if need be. After an error any part may have been
    /// written.</summary>
    void Write(ReadOnlySpan<byte> bytes, long offset);

    /// <summary>Writes all buffers one after another at an offset, with as few system calls as possible. The buffers
    /// are borrowed until it returns.</summary>
    void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long offset);

    /// <summary>Makes what was written survive a loss of power (fsync). After an error the content is unknown: do not
    /// retry.</summary>
    void Flush();

    /// <summary>Cuts or extends (with zeros).</summary>
    void SetLength(long length);
}

/// <summary>What <see cref="IFileSystem.Open"/> expects to find.</summary>
public enum FileOpening
{
    /// <summary>The file must be there.</summary>
    Existing,

    /// <summary>The file must not be there.</summary>
    New,

    /// <summary>Opened if there, else created.</summary>
    Any,
}

/// <summary>One entry of a directory.</summary>
/// <param name="Name">The name without its directory.</param>
/// <param name="IsDirectory">True for a directory.</param>
/// <param name="Length">The length of a file in bytes, 0 for a directory.</param>
public readonly record struct FileSystemEntry(string Name, bool IsDirectory, long Length);

/// <summary>How much a volume has left.</summary>
/// <param name="Free">Bytes that can still be written.</param>
/// <param name="Total">Bytes in all.</param>
public readonly record struct VolumeSpace(long Free, long Total);
