using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Records;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class RecoveryTests
{
    const string First = "/00000000000000000000";

    [Fact]
    public void A_torn_tail_is_cut_at_every_possible_length()
    {
        var whole = Batches.Of(3, valueSize: 40);
        for (var cut = 1; cut <= whole.Length; cut++)
        {
            using var data = new TestData();
            data.Appended(Batches.Of(2));
            data.Appended(whole);
            using (var file = data.Files.Open(data.LogDirectory + First + ".log", FileOpening.Existing))
                file.SetLength(file.Length - cut);
            data.Kill();
            Assert.Equal(2, data.Log.EndOffset);
            Assert.Equal(2, data.Appended(whole));
            Assert.Equal(2, data.ReadAll().Count);
        }
    }

    [Fact]
    public void Zeros_and_flipped_bits_are_cut_with_all_behind_them()
    {
        var random = new Random(5);
        for (var round = 0; round < 100; round++)
        {
            using var data = new TestData(settings: ("segment.bytes", "600"));
            for (var i = 0; i < 30; i++)
                data.Appended(Batches.Of(1, valueSize: 50));
            var names = data.Files.List(data.LogDirectory).Select(static e => e.Name)
                .Where(static n => n.EndsWith(".log", StringComparison.Ordinal)).ToList();
            var victim = names[random.Next(names.Count)];
            int at;
            using (var file = data.Files.Open($"{data.LogDirectory}/{victim}", FileOpening.Existing))
            {
                at = random.Next((int)file.Length);
                var old = new byte[1];
                file.Read(old, at);
                file.Write([(byte)(old[0] ^ (1 << random.Next(8)))], at);
            }
            data.Kill();
            // Offset and epoch of a batch are outside its checksum; everything before the damage is there in any case.
            LogFiles.TryParse(victim, ".log", out var intact);
            Assert.True(data.Log.EndOffset >= intact, $"Round {round}: {data.Log} lost what lies before {victim}.");
            var expected = 0L;
            foreach (var header in data.ReadAll())
            {
                Assert.True(header.BaseOffset >= expected);
                expected = header.NextOffset;
            }
            Assert.Equal(data.Log.EndOffset, expected);
            data.Appended(Batches.Of(1));
        }
    }

    [Fact]
    public void Missing_and_wrong_indexes_are_made_again()
    {
        foreach (var damage in (Action<MemoryFileSystem, string>[])[
            static (f, p) => f.DeleteFile(p),
            static (f, p) => Overwrite(f, p, [1, 2, 3]),
            static (f, p) => Overwrite(f, p, new byte[24]),
            static (f, p) => Overwrite(f, p, [.. Enumerable.Repeat((byte)0xFF, 48)])])
        {
            using var data = new TestData(settings: [("segment.bytes", "2000"), ("index.interval.bytes", "100")]);
            for (var i = 0; i < 60; i++)
                data.Appended(Batches.Of(2, 1_000 + i, valueSize: 30));
            data.Manager.Dispose();
            foreach (var (name, _, _) in data.Files.List(data.LogDirectory))
            {
                if (name.EndsWith("index", StringComparison.Ordinal))
                    damage(data.Files, $"{data.LogDirectory}/{name}");
            }
            data.Reopen();
            for (var offset = 0; offset < 120; offset++)
                Assert.Equal(offset / 2 * 2, data.Read(offset, 1)[0].BaseOffset);
            for (var i = 0; i < 60; i++)
                Assert.Equal(new TimestampedOffset(1_000 + i, 2 * i, 0),
                    data.Log.OffsetOfTimestamp(1_000 + i, ReadIsolation.EndOffset));
        }
    }

    [Fact]
    public void A_clean_stop_reads_nothing_again_and_a_crash_only_from_the_recovery_point()
    {
        using var data = new TestData(FlushPolicy.Group, settings: ("segment.bytes", "3000"));
        for (var i = 0; i < 100; i++)
            data.Appended(Batches.Of(1, valueSize: 100));
        data.Manager.Committer.RunOnce();
        data.Manager.Checkpoint();
        data.Reopen();
        var read = new HashSet<string>(StringComparer.Ordinal);
        var reads = 0;
        void Count(FileOperation operation, string path)
        {
            if (operation == FileOperation.Read && path.EndsWith(".log", StringComparison.Ordinal))
            {
                read.Add(path);
                reads++;
            }
        }
        data.Manager.Dispose();
        data.Files.Fault = (o, p) =>
        {
            Count(o, p);
            return null;
        };
        data.Reopen();
        Assert.Single(read);
        Assert.InRange(reads, 0, 6);
        read.Clear();
        var killed = data.Files.Kill();
        killed.Fault = data.Files.Fault;
        using var again = new TestData(FlushPolicy.Group, killed);
        Assert.Equal(100, again.Log.EndOffset);
        Assert.Single(read);
    }

    [Fact]
    public void An_epoch_begins_after_a_crash_so_that_clients_notice_lost_records()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(5));
        Assert.Equal(0, data.Log.LeaderEpoch);
        data.Reopen();
        Assert.Equal(0, data.Log.LeaderEpoch);
        data.Kill();
        Assert.Equal(1, data.Log.LeaderEpoch);
        data.Appended(Batches.Of(5));
        Assert.Equal((0, 5L), data.Log.EndOffsetOfEpoch(0));
        Assert.Equal((1, 10L), data.Log.EndOffsetOfEpoch(1));
        Assert.Equal((-1, -1L), data.Log.EndOffsetOfEpoch(2));
        Assert.Equal([0, 1], data.ReadAll().Select(static h => h.PartitionLeaderEpoch));
        data.Manager.Dispose();
        data.Files.DeleteFile(data.LogDirectory + "/leader-epoch-checkpoint");
        data.Kill();
        Assert.Equal((1, 10L), data.Log.EndOffsetOfEpoch(1));
    }

    [Fact]
    public void Remains_of_deletions_and_compactions_are_cleared()
    {
        using var data = new TestData(settings: ("segment.bytes", "200"));
        for (var i = 0; i < 6; i++)
            data.Appended(Batches.Of(1, valueSize: 60));
        data.Manager.Dispose();
        foreach (var name in (string[])["/00000000000000000099.log.deleted", "/00000000000000000001.log.cleaned",
            "/00000000000000000001.index.cleaned", "/leader-epoch-checkpoint.tmp"])
        {
            Overwrite(data.Files, data.LogDirectory + name, [1]);
        }
        // Segments 0 and 1 were merged; the swap was complete, the old ones not yet gone.
        var merged = Content(data, First + ".log").Concat(Content(data, "/00000000000000000001.log")).ToArray();
        Overwrite(data.Files, data.LogDirectory + First + ".log.swap", merged);
        data.Kill();
        Assert.DoesNotContain(data.Files.List(data.LogDirectory), static e =>
            e.Name.EndsWith(".deleted", StringComparison.Ordinal)
                || e.Name.EndsWith(".cleaned", StringComparison.Ordinal)
            || e.Name.EndsWith(".swap", StringComparison.Ordinal) || e.Name.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.False(data.Files.FileExists(data.LogDirectory + "/00000000000000000001.log"));
        Assert.Equal([0L, 1, 2, 3, 4, 5], data.ReadAll().Select(static h => h.BaseOffset));
    }

    [Fact]
    public void A_log_whose_start_lies_behind_its_end_begins_anew_there()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(10));
        Assert.Equal(ErrorCode.None, data.Manager.DeleteRecords(new TopicPartition("t", 0), 10, out _));
        Overwrite(data.Files, data.LogDirectory + First + ".log", []);
        data.Kill();
        Assert.Equal((10L, 10L), (data.Log.StartOffset, data.Log.EndOffset));
        Assert.Equal(10, data.Appended(Batches.Of(1)));
    }

    [Fact]
    public void Compacted_segments_with_gaps_are_read_and_recovered()
    {
        using var data = new TestData(settings: ("segment.bytes", "300"));
        for (var i = 0; i < 9; i++)
            data.Appended(Batches.Of(1, valueSize: 60));
        data.Manager.Committer.RunOnce();
        data.Manager.Dispose();
        // As compaction would: offset 1 is gone from the first segment [0, 2).
        var bytes = Content(data, First + ".log");
        RecordBatchHeader.TryRead(bytes, out var header);
        Overwrite(data.Files, data.LogDirectory + First + ".log", bytes[..header.TotalSize]);
        data.Files.DeleteFile(data.LogDirectory + First + ".index");
        data.Reopen();
        Assert.Equal(2, data.Read(1, 1)[0].BaseOffset);
        data.Kill();
        Assert.Equal(2, data.Read(1, 1)[0].BaseOffset);
        Assert.Equal(9, data.Log.EndOffset);
    }

    [Fact]
    public void Snapshots_of_earlier_stops_do_not_pile_up()
    {
        using var data = new TestData(settings: ("segment.bytes", "300"));
        for (var i = 0; i < 8; i++)
        {
            data.Appended(Batches.Of(1, valueSize: 60, producerId: 7, epoch: 0, sequence: i));
            data.Reopen();
        }
        var ends = data.Files.List(data.LogDirectory).Where(static e =>
                e.Name.EndsWith(".log", StringComparison.Ordinal))
            .Select(static e => e.Name.Replace(".log", ".snapshot", StringComparison.Ordinal)).Skip(1);
        Assert.Equal([.. ends, LogFiles.Name(8, ".snapshot")],
            data.Files.List(data.LogDirectory).Select(static e => e.Name)
                .Where(static n => n.EndsWith(".snapshot", StringComparison.Ordinal)));
        Assert.Equal(7, Assert.Single(data.Log.Producers()).LastSequence);
    }

    [Fact]
    public void A_clean_mark_beside_a_cut_log_counts_as_a_crash()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Appended(Batches.Of(2));
        data.Appended(Batches.Of(2));
        data.Manager.Dispose();
        using (var file = data.Files.Open(data.LogDirectory + First + ".log", FileOpening.Existing))
            file.SetLength(file.Length - 1);
        data.Reopen();
        Assert.Equal((2L, 1), (data.Log.EndOffset, data.Log.LeaderEpoch));
        // Nothing of what was cut comes back with a loss of power.
        data.Crash(new Random(1));
        Assert.Equal(2, data.Log.EndOffset);
    }

    static byte[] Content(TestData data, string name) =>
        LogFiles.ReadAll(data.Files, data.LogDirectory + name, 1 << 20) ?? throw new InvalidOperationException(name);

    static void Overwrite(MemoryFileSystem files, string path, byte[] content)
    {
        using var file = files.Open(path, FileOpening.Any);
        file.SetLength(0);
        file.Write(content, 0);
    }
}
