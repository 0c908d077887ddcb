using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Millrace.Broker.Storage;

// The one file of this package that touches the operating system's files: it is the production end of the seam.
#pragma warning disable RS0030

/// <summary>The file system of the operating system.</summary>
public sealed class DiskFileSystem : IFileSystem
{
    DiskFileSystem()
    {
    }

    /// <summary>The one instance; it has no state.</summary>
    public static DiskFileSystem Instance { get; } = new();

    /// <inheritdoc/>
    public IFile Open(string path, FileOpening opening)
    {
        var mode = opening switch
        {
            FileOpening.Existing => FileMode.Open,
            FileOpening.New => FileMode.CreateNew,
            _ => FileMode.OpenOrCreate,
        };
        return Guard(path, "open", () => (IFile)new DiskFile(path,
            // Delete sharing: a segment may be renamed and deleted while a slow reader still has it (Windows).
            File.OpenHandle(path, mode, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete)));
    }

    /// <inheritdoc/>
    public bool FileExists(string path) => File.Exists(path);

    /// <inheritdoc/>
    public bool DirectoryExists(string path) => Directory.Exists(path);

    /// <inheritdoc/>
    public void CreateDirectory(string path) =>
        Guard(path, "create the directory", () => Directory.CreateDirectory(path));

    /// <inheritdoc/>
    public IReadOnlyList<FileSystemEntry> List(string directory) => Guard(directory, "list", () =>
    {
        var entries = new List<FileSystemEntry>();
        foreach (var info in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            entries.Add(info is FileInfo file
                ? new FileSystemEntry(info.Name, false, file.Length)
                : new FileSystemEntry(info.Name, true, 0));
        }
        entries.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        return entries;
    });

    /// <inheritdoc/>
    public void Rename(string from, string to) => Guard(from, "rename", () =>
    {
        if (Directory.Exists(from))
            Directory.Move(from, to);
        else
            File.Move(from, to, overwrite: true);
        return true;
    });

    /// <inheritdoc/>
    public void DeleteFile(string path) => Guard(path, "delete", () =>
    {
        try
        {
            File.Delete(path);
        }
        catch (DirectoryNotFoundException)
        {
            // Missing with its directory: as good as deleted.
        }
        return true;
    });

    /// <inheritdoc/>
    public void DeleteDirectory(string path) => Guard(path, "delete the directory", () =>
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
        }
        return true;
    });

    /// <inheritdoc/>
    public void FlushDirectory(string path)
    {
        // The base class library cannot open a directory. Windows makes names durable with the file's own flush.
        if (OperatingSystem.IsWindows())
            return;
        var bytes = new byte[Encoding.UTF8.GetByteCount(path) + 1];
        Encoding.UTF8.GetBytes(path, bytes);
        int descriptor;
        do
            descriptor = Libc.Open(bytes, 0);
        while (descriptor < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);
        if (descriptor < 0)
            throw Failure(path, "open the directory", Marshal.GetLastPInvokeError());
        try
        {
            int result;
            do
                result = Libc.Fsync(descriptor);
            while (result < 0 && Marshal.GetLastPInvokeError() == Libc.Interrupted);
            var errno = result < 0 ? Marshal.GetLastPInvokeError() : 0;
            // Some file systems (network, FUSE) answer "invalid" for directories: they have nothing to flush.
            if (errno != 0 && errno != Libc.Invalid)
                throw Failure(path, "flush the directory", errno);
        }
        finally
        {
            _ = Libc.Close(descriptor);
        }
    }

    /// <inheritdoc/>
    public IDisposable Lock(string path)
    {
        try
        {
            return File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw Wrap(path, "lock", e);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException) && !IsFull(e))
        {
            throw new StorageException(StorageError.Locked, path,
                $"'{path}' is locked by another process. Stop that one, or use another directory.", e);
        }
        catch (IOException e)
        {
            throw Wrap(path, "lock", e);
        }
    }

    /// <inheritdoc/>
    public VolumeSpace Space(string path) => Guard(path, "ask for the free space", () =>
    {
        var drive = new DriveInfo(Path.GetFullPath(path));
        return new VolumeSpace(drive.AvailableFreeSpace, drive.TotalSize);
    });

    static T Guard<T>(string path, string verb, Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Wrap(path, verb, e);
        }
    }

    static StorageException Wrap(string path, string verb, Exception e)
    {
        var error = e switch
        {
            FileNotFoundException or DirectoryNotFoundException => StorageError.NotFound,
            UnauthorizedAccessException => StorageError.AccessDenied,
            IOException io when IsFull(io) => StorageError.Full,
            IOException io when IsThere(io) => StorageError.AlreadyExists,
            _ => StorageError.Failed,
        };
        return new StorageException(error, path, $"Could not {verb} '{path}': {e.Message}", e);
    }

    static StorageException Failure(string path, string verb, int errno) => new(StorageError.Failed, path,
        $"Could not {verb} '{path}': {Marshal.GetPInvokeErrorMessage(errno)}");

    // Unix puts errno into HResult, Windows an HRESULT: ENOSPC 28, EDQUOT 122 (Linux) and 69 (macOS), EFBIG 27;
    // ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL.
    static bool IsFull(IOException e) => OperatingSystem.IsWindows()
        ? (e.HResult & 0xFFFF) is 112 or 39
        : e.HResult is 28 or 27 || e.HResult == (OperatingSystem.IsMacOS() ? 69 : 122);

    // EEXIST 17; ERROR_FILE_EXISTS, ERROR_ALREADY_EXISTS.
    static bool IsThere(IOException e) => OperatingSystem.IsWindows()
        ? (e.HResult & 0xFFFF) is 80 or 183
        : e.HResult == 17;

    static class Libc
    {
        public const int Interrupted = 4;
        public const int Invalid = 22;

        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        public static extern int Open(byte[] path, int flags);

        [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
        public static extern int Fsync(int descriptor);

        [DllImport("libc", EntryPoint = "close", SetLastError = true)]
        public static extern int Close(int descriptor);
    }

    sealed class DiskFile(string path, SafeFileHandle handle) : IFile
    {
        public long Length
        {
            get
            {
                try
                {
                    return RandomAccess.GetLength(handle);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw Wrap(path, "measure", e);
                }
            }
        }

        public int Read(Span<byte> buffer, long offset)
        {
            try
            {
                var done = 0;
                while (done < buffer.Length)
                {
                    var count = RandomAccess.Read(handle, buffer[done..], offset + done);
                    if (count == 0)
                        break;
                    done += count;
                }
                return done;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Wrap(path, "read", e);
            }
        }

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
            try
            {
                RandomAccess.Write(handle, bytes, offset);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Wrap(path, "write", e);
            }
        }

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long offset)
        {
            try
            {
                RandomAccess.Write(handle, buffers, offset);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Wrap(path, "write", e);
            }
        }

        public void Flush()
        {
            try
            {
                RandomAccess.FlushToDisk(handle);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Wrap(path, "flush", e);
            }
        }

        public void SetLength(long length)
        {
            try
            {
                RandomAccess.SetLength(handle, length);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw Wrap(path, "set the length of", e);
            }
        }

        public void Dispose() => handle.Dispose();
    }
}
