using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Xunit;

namespace Millrace.Unit.Broker.Log;

/// <summary>Appends that come while a flush runs: what the flush did not take along must not count as
/// flushed.</summary>
public sealed class FlushRaceTests
{
    [Fact]
    public void A_segment_that_is_sealed_while_it_is_flushed_is_flushed_once_more()
    {
        for (var seed = 1; seed <= 30; seed++)
        {
            var disk = new MemoryFileSystem(crashable: true);
            var files = new HookedFiles(disk);
            // Crashed, not closed: what Dispose would write is lost anyway.
            var logs = Open(files);
            var size = Batches.Of(1).Length;
            logs.CreateTopic("t", 1, [new("segment.bytes", $"{2 * size}")]);
            var log = logs.Find("t", 0)!;
            Assert.Equal(0, log.Append(Batches.Of(1), 1_000).BaseOffset);
            files.AfterFlush = path =>
            {
                if (!path.EndsWith(".log", StringComparison.Ordinal)) return;
                files.AfterFlush = null;
                // The second record fills the segment, the third one seals it.
                Assert.Equal(1, log.Append(Batches.Of(1), 1_000).BaseOffset);
                Assert.Equal(2, log.Append(Batches.Of(1), 1_000).BaseOffset);
            };
            logs.Committer.RunOnce();
            Assert.Equal((1L, 2), (log.HighWatermark, log.SegmentCount));
            logs.Committer.RunOnce();
            Assert.Equal(3, log.HighWatermark);

            using var next = Open(disk.Crash(new Random(seed)));
            Assert.True(next.Find("t", 0)!.EndOffset == 3, $"Seed {seed}: an acknowledged record is lost.");
        }
    }

    static LogManager Open(IFileSystem files) => LogManager.Open(new LogManagerOptions
    {
        Directory = "/data",
        Files = files,
        Time = new StillTime(),
        Random = new Random(1),
        Flush = FlushPolicy.Group,
    });

    /// <summary>Another file system, with a call after every flush of a file.</summary>
    sealed class HookedFiles(IFileSystem inner) : IFileSystem
    {
        public Action<string>? AfterFlush { get; set; }

        public IFile Open(string path, FileOpening opening) =>
            new HookedFile(this, path, inner.Open(path, opening));

        public bool FileExists(string path) => inner.FileExists(path);

        public bool DirectoryExists(string path) => inner.DirectoryExists(path);

        public void CreateDirectory(string path) => inner.CreateDirectory(path);

        public IReadOnlyList<FileSystemEntry> List(string directory) => inner.List(directory);

        public void Rename(string from, string to) => inner.Rename(from, to);

        public void DeleteFile(string path) => inner.DeleteFile(path);

        public void DeleteDirectory(string path) => inner.DeleteDirectory(path);

        public void FlushDirectory(string path) => inner.FlushDirectory(path);

        public IDisposable Lock(string path) => inner.Lock(path);

        public VolumeSpace Space(string path) => inner.Space(path);
    }

    sealed class HookedFile(HookedFiles files, string path, IFile inner) : IFile
    {
        public long Length => inner.Length;

        public int Read(Span<byte> buffer, long offset) => inner.Read(buffer, offset);

        public void Write(ReadOnlySpan<byte> bytes, long offset) => inner.Write(bytes, offset);

        public void Write(IReadOnlyList<ReadOnlyMemory<byte>> buffers, long offset) => inner.Write(buffers, offset);

        public void Flush()
        {
            inner.Flush();
            files.AfterFlush?.Invoke(path);
        }

        public void SetLength(long length) => inner.SetLength(length);

        public void Dispose() => inner.Dispose();
    }
}
