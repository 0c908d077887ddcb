namespace Millrace.Broker.Storage;

/// <summary>What kind of failure a <see cref="StorageException"/> is.</summary>
public enum StorageError
{
    /// <summary>The device or the operating system failed; the content may be gone.</summary>
    Failed,

    /// <summary>The file or directory is not there.</summary>
    NotFound,

    /// <summary>The file is there already.</summary>
    AlreadyExists,

    /// <summary>No space or no quota is left.</summary>
    Full,

    /// <summary>The process may not do that.</summary>
    AccessDenied,

    /// <summary>Another process or broker holds the lock.</summary>
    Locked,

    /// <summary>The file is not what its name promises: damaged, or of an unknown layout.</summary>
    Damaged,

    /// <summary>The simulated machine has lost its power; only the file system of the next boot answers.</summary>
    PowerLost,
}

/// <summary>A file system operation failed.</summary>
public sealed class StorageException : IOException
{
    /// <summary>Makes one.</summary>
    /// <param name="error">What kind of failure it is.</param>
    /// <param name="path">The file or directory concerned.</param>
    /// <param name="message">One line that names the thing and, where there is one, the remedy.</param>
    /// <param name="inner">The exception of the operating system, if any.</param>
    public StorageException(StorageError error, string path, string message, Exception? inner = null)
        : base(message, inner)
    {
        Error = error;
        Path = path;
    }

    /// <summary>What kind of failure it is.</summary>
    public StorageError Error { get; }

    /// <summary>The file or directory concerned.</summary>
    public string Path { get; }
}
