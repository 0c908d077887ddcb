using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Millrace.Protocol.Wire;
using Xunit;

namespace Millrace.Unit.Broker.Log;

/// <summary>A clock that moves only when told.</summary>
sealed class StillTime : TimeProvider
{
    public long NowMs { get; set; } = 1_000_000;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.FromUnixTimeMilliseconds(NowMs);
}

/// <summary>A data directory in memory with one topic "t" of one partition; no background work.</summary>
sealed class TestData : IDisposable
{
    public const string Directory = "/data";
    readonly FlushPolicy _flush;
    readonly int _seed;

    public TestData(FlushPolicy? flush = null, MemoryFileSystem? files = null, int seed = 1,
        params (string Name, string Value)[] settings)
    {
        _flush = flush ?? FlushPolicy.Os;
        _seed = seed;
        Files = files ?? new MemoryFileSystem(crashable: true);
        Manager = Open();
        if (Manager.Topics.Find("t") is null)
            Manager.CreateTopic("t", 1,
                settings.Select(static s => new KeyValuePair<string, string?>(s.Name, s.Value)));
    }

    public MemoryFileSystem Files { get; private set; }

    public DiagnosticBufferPool Pool { get; } = new();

    public StillTime Time { get; } = new();

    public LogManager Manager { get; private set; }

    public PartitionLog Log => Manager.Find("t", 0) ?? throw new InvalidOperationException("The log is not open.");

    public string LogDirectory => Directory + "/t-0";

    public AppendResult Append(byte[] batch, AppendOrigin origin = AppendOrigin.Client) =>
        Log.Append(batch, Time.NowMs, origin);

    public long Appended(byte[] batch, AppendOrigin origin = AppendOrigin.Client)
    {
        var result = Append(batch, origin);
        Assert.Equal(ErrorCode.None, result.Error);
        return result.BaseOffset;
    }

    public List<RecordBatchHeader> Read(long offset, int maxBytes = 1 << 20, bool minOneBatch = true,
        ReadIsolation isolation = ReadIsolation.EndOffset)
    {
        var read = Log.Read(offset, maxBytes, minOneBatch, isolation);
        Assert.Equal(ErrorCode.None, read.Error);
        var headers = Batches.Headers(read.Records.Span);
        read.Release();
        return headers;
    }

    /// <summary>Every batch from the start to the end, across segments.</summary>
    public List<RecordBatchHeader> ReadAll(ReadIsolation isolation = ReadIsolation.EndOffset)
    {
        var all = new List<RecordBatchHeader>();
        var offset = Log.StartOffset;
        while (Read(offset, isolation: isolation) is { Count: > 0 } some)
        {
            all.AddRange(some);
            offset = some[^1].NextOffset;
        }
        return all;
    }

    /// <summary>Closes cleanly and opens again.</summary>
    public void Reopen()
    {
        Manager.Dispose();
        Manager = Open();
    }

    /// <summary>kill -9 and open again.</summary>
    public void Kill()
    {
        Files = Files.Kill();
        Manager = Open();
    }

    /// <summary>Power loss and open again.</summary>
    public void Crash(Random random)
    {
        Files = Files.Crash(random);
        Manager = Open();
    }

    public void Dispose()
    {
        Manager.Dispose();
        Pool.AssertAllReturned();
    }

    LogManager Open() => LogManager.Open(new LogManagerOptions
    {
        Directory = Directory,
        Files = Files,
        Time = Time,
        Random = new Random(_seed),
        Pool = Pool,
        Flush = _flush,
    });
}
