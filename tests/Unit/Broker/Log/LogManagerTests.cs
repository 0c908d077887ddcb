using Millrace.Broker.Log;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Xunit;

namespace Millrace.Unit.Broker.Log;

public sealed class LogManagerTests
{
    [Fact]
    public void A_second_broker_on_the_same_directory_is_told_so()
    {
        using var data = new TestData();
        var e = Assert.Throws<StorageException>(() => new TestData(files: data.Files));
        Assert.Equal(StorageError.Locked, e.Error);
        Assert.Contains("locked by another", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_foreign_directory_is_refused_with_a_reason()
    {
        var files = new MemoryFileSystem();
        files.CreateDirectory("/data");
        files.Open("/data/holiday.jpg", FileOpening.New).Dispose();
        var e = Assert.Throws<StorageException>(() => new TestData(files: files));
        Assert.Contains("holiday.jpg", e.Message, StringComparison.Ordinal);

        files = new MemoryFileSystem();
        files.CreateDirectory("/data/orders-0");
        Put(files, "/data/meta.properties", "version=1\ncluster.id=abc\nnode.id=1\n");
        e = Assert.Throws<StorageException>(() => new TestData(files: files));
        Assert.Contains("another program", e.Message, StringComparison.Ordinal);

        files = new MemoryFileSystem();
        files.CreateDirectory("/data");
        Put(files, "/data/meta.properties", "version=0\nbroker.id=1\n");
        e = Assert.Throws<StorageException>(() => new TestData(files: files));
        Assert.Contains("version", e.Message, StringComparison.Ordinal);
        // A failed start gives the lock back.
        using var free = files.Lock("/data/.lock");
    }

    [Fact]
    public void The_cluster_id_stays_and_another_one_is_refused()
    {
        using var data = new TestData();
        var id = data.Manager.ClusterId;
        Assert.True(LogFiles.TryParseId(id, out _));
        data.Reopen();
        Assert.Equal(id, data.Manager.ClusterId);
        data.Manager.Dispose();
        var e = Assert.Throws<StorageException>(() => LogManager.Open(new LogManagerOptions
        {
            Directory = "/data",
            Files = data.Files,
            Time = data.Time,
            Random = new Random(1),
            ClusterId = "another",
        }));
        Assert.Contains("another", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Topics_and_their_settings_survive_a_kill()
    {
        using var data = new TestData(settings: ("retention.ms", "5000"));
        var id = data.Manager.Topics.Find("t")!.Id;
        data.Manager.CreateTopic("many.parts", 3);
        data.Manager.AddPartitions("many.parts", 5);
        data.Manager.DeleteTopic("t");
        data.Manager.CreateTopic("t", 1);
        data.Kill();
        Assert.Equal(["many.parts", "t"], data.Manager.Topics.All.Keys);
        Assert.Equal(5, data.Manager.Topics.Find("many.parts")!.Partitions);
        Assert.NotNull(data.Manager.Find("many.parts", 4));
        Assert.Null(data.Manager.Find("many.parts", 5));
        Assert.NotEqual(id, data.Log.TopicId);
        Assert.Null(data.Manager.Topics.Find(id));
        Assert.Equal(data.Manager.Topics.Find("t"), data.Manager.Topics.Find(data.Log.TopicId));
        Assert.Equal(LogConfig.Default.RetentionMs, data.Log.Config.RetentionMs);
        Assert.Equal("many.parts", data.Manager.Topics.FindCollision("many_parts"));
    }

    [Fact]
    public void A_topic_created_again_does_not_find_the_old_records()
    {
        using var data = new TestData();
        data.Appended(Batches.Of(5));
        data.Manager.DeleteTopic("t");
        Assert.Null(data.Manager.Find("t", 0));
        data.Manager.CreateTopic("t", 1);
        Assert.Equal(0, data.Log.EndOffset);
        Assert.Contains(data.Files.List("/data"), static e => e.Name.EndsWith("-delete", StringComparison.Ordinal));
        data.Manager.Tick(data.Time.NowMs);
        Assert.DoesNotContain(data.Files.List("/data"), static e =>
            e.Name.EndsWith("-delete", StringComparison.Ordinal));
        data.Reopen();
        Assert.Equal(0, data.Log.EndOffset);
    }

    [Fact]
    public void Directories_of_nobody_are_set_aside_not_deleted()
    {
        using var data = new TestData();
        data.Manager.Dispose();
        data.Files.CreateDirectory("/data/lost-3");
        Put(data.Files, "/data/lost-3/partition.metadata",
            $"version: 0\ntopic_id: {LogFiles.IdText(new Guid(1, 2, 3, new byte[8]))}");
        data.Reopen();
        Assert.Contains(data.Files.List("/data"), static e =>
            e.Name.StartsWith("lost-3.", StringComparison.Ordinal)
                && e.Name.EndsWith("-stray", StringComparison.Ordinal));
        data.Reopen();
        Assert.Contains(data.Files.List("/data"), static e => e.Name.EndsWith("-stray", StringComparison.Ordinal));
    }

    [Fact]
    public void Names_that_could_leave_the_directory_are_refused()
    {
        using var data = new TestData();
        foreach (var name in (string[])["", ".", "..", "../up", "a/b", "a\\b", "ü", "a b", new string('x', 250)])
            Assert.Throws<ArgumentException>(() => data.Manager.CreateTopic(name, 1));
        var longest = new string('x', 249);
        data.Manager.CreateTopic(longest, 2);
        data.Manager.DeleteTopic(longest);
        Assert.All(data.Files.List("/data"), static e => Assert.True(e.Name.Length <= 255));
        Assert.Throws<InvalidOperationException>(() => data.Manager.CreateTopic("t", 1));
        Assert.Throws<InvalidOperationException>(() => data.Manager.DeleteTopic("nothing"));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Manager.CreateTopic("none", 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => data.Manager.AddPartitions("t", 1));
        Assert.Throws<ArgumentException>(() => data.Manager.CreateTopic("bad", 1, [new("retention.ms", "x")]));
        Assert.Null(data.Manager.Topics.Find("bad"));
    }

    [Fact]
    public void A_topic_for_which_there_is_no_space_is_not_created()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Files.FailNext(FileOperation.Create, StorageError.Full, "new-1");
        var e = Assert.Throws<StorageException>(() => data.Manager.CreateTopic("new", 3));
        Assert.Equal(StorageError.Full, e.Error);
        Assert.Null(data.Manager.Topics.Find("new"));
        data.Kill();
        Assert.Null(data.Manager.Topics.Find("new"));
        data.Manager.CreateTopic("new", 3);
        Assert.NotNull(data.Manager.Find("new", 2));
    }

    [Fact]
    public void One_partition_that_cannot_be_opened_leaves_the_others_working()
    {
        using var data = new TestData();
        data.Manager.CreateTopic("other", 1);
        data.Manager.Dispose();
        data.Files.FailNext(FileOperation.Read, StorageError.Failed, "other-0");
        data.Files.FailNext(FileOperation.Read, StorageError.Failed, "other-0");
        data.Reopen();
        Assert.NotNull(data.Manager.Topics.Find("other"));
        Assert.Null(data.Manager.Find("other", 0));
        Assert.Equal(ErrorCode.KafkaStorageError, data.Manager.DeleteRecords(new TopicPartition("other", 0), 0, out _));
        data.Appended(Batches.Of(1));
        data.Reopen();
        Assert.NotNull(data.Manager.Find("other", 0));
    }

    [Fact]
    public void A_catalogue_with_many_changes_is_written_anew()
    {
        using var data = new TestData();
        for (var i = 0; i < 1_100; i++)
            data.Manager.SetSettings("t", [new("retention.ms", $"{i}")]);
        var before = Length(data);
        data.Reopen();
        Assert.True(Length(data) < before / 10);
        Assert.Equal(1_099, data.Log.Config.RetentionMs);
        data.Manager.SetSettings("t", []);
        data.Kill();
        Assert.Equal(LogConfig.Default.RetentionMs, data.Log.Config.RetentionMs);
    }

    [Fact]
    public void A_torn_catalogue_loses_only_its_last_change()
    {
        using var data = new TestData();
        var whole = Length(data);
        data.Manager.CreateTopic("second", 1);
        var with = Length(data);
        var intact = LogFiles.ReadAll(data.Files, "/data/" + LogFiles.TopicCatalog, 1 << 20)!;
        for (var length = whole; length < with; length++)
        {
            data.Manager.Dispose();
            using (var file = data.Files.Open("/data/" + LogFiles.TopicCatalog, FileOpening.Existing))
            {
                file.SetLength(0);
                file.Write(intact.AsSpan(0, (int)length), 0);
            }
            data.Kill();
            Assert.Equal(length - whole, data.Manager.Topics.CutBytes);
            Assert.Equal(["t"], data.Manager.Topics.All.Keys);
            data.Manager.CreateTopic("third", 1);
            data.Kill();
            Assert.Equal(["t", "third"], data.Manager.Topics.All.Keys);
        }
    }

    [Fact]
    public void Partitions_for_which_there_is_no_space_are_not_added()
    {
        using var data = new TestData(FlushPolicy.Group);
        data.Files.FailNext(FileOperation.Create, StorageError.Full, "t-2");
        var e = Assert.Throws<StorageException>(() => data.Manager.AddPartitions("t", 4));
        Assert.Equal(StorageError.Full, e.Error);
        CheckNone();
        data.Kill();
        CheckNone();
        // Not even the catalogue has room.
        data.Files.Capacity = long.MaxValue - data.Files.Space("/").Free;
        Assert.Throws<StorageException>(() => data.Manager.AddPartitions("t", 4));
        CheckNone();
        data.Files.Capacity = long.MaxValue;
        data.Appended(Batches.Of(1));
        data.Manager.AddPartitions("t", 4);
        Assert.Equal(0, data.Manager.Find("t", 3)!.EndOffset);
        data.Kill();
        Assert.Equal((4, 0L), (data.Manager.Topics.Find("t")!.Partitions, data.Manager.Find("t", 1)!.EndOffset));

        void CheckNone()
        {
            Assert.Equal(1, data.Manager.Topics.Find("t")!.Partitions);
            Assert.Null(data.Manager.Find("t", 1));
            Assert.DoesNotContain(data.Files.List("/data"), static x => x.Name is "t-1" or "t-2" or "t-3");
            Assert.DoesNotContain(data.Files.List("/data"), static x =>
                x.Name.EndsWith("-stray", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_deleted_directory_that_cannot_be_removed_keeps_no_other_one()
    {
        using var data = new TestData();
        data.Manager.CreateTopic("one", 1);
        data.Manager.CreateTopic("two", 1);
        data.Manager.DeleteTopic("one");
        data.Manager.DeleteTopic("two");
        data.Files.Fault = static (operation, path) =>
            operation == FileOperation.Delete && path.Contains("one-0", StringComparison.Ordinal)
                ? StorageError.AccessDenied
                : null;
        data.Manager.Tick(data.Time.NowMs);
        Assert.Equal(["one"], Deleted());
        // Neither does it make the stop an unclean one.
        data.Manager.Dispose();
        Assert.True(data.Files.FileExists("/data/.kafka_cleanshutdown"));
        data.Files.Fault = null;
        data.Reopen();
        Assert.Empty(Deleted());

        IEnumerable<string> Deleted() => data.Files.List("/data").Select(static e => e.Name)
            .Where(static n => n.EndsWith("-delete", StringComparison.Ordinal)).Select(static n => n.Split('-')[0]);
    }

    static long Length(TestData data)
    {
        using var file = data.Files.Open("/data/" + LogFiles.TopicCatalog, FileOpening.Existing);
        return file.Length;
    }

    static void Put(MemoryFileSystem files, string path, string text)
    {
        using var file = files.Open(path, FileOpening.Any);
        file.Write(System.Text.Encoding.UTF8.GetBytes(text), 0);
    }
}
