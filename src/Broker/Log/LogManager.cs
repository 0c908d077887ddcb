using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Millrace.Broker.Storage;
using Millrace.Protocol;
using Millrace.Protocol.Wire;

namespace Millrace.Broker.Log;

/// <summary>How to open a data directory.</summary>
sealed record LogManagerOptions
{
    /// <summary>Where the data is; made if missing. Not used with <see cref="FlushMode.Memory"/>.</summary>
    public required string Directory { get; init; }

    public IFileSystem Files { get; init; } = DiskFileSystem.Instance;

    public required TimeProvider Time { get; init; }

    /// <summary>For ids.</summary>
    public required Random Random { get; init; }

    public BufferPool Pool { get; init; } = BufferPool.Default;

    public FlushPolicy Flush { get; init; } = FlushPolicy.Group;

    public LogLimits Limits { get; init; } = new();

    /// <summary>What holds for topics that do not say otherwise.</summary>
    public LogConfig Defaults { get; init; } = LogConfig.Default;

    public int NodeId { get; init; } = 1;

    /// <summary>Null: that of the directory, or a new one.</summary>
    public string? ClusterId { get; init; }

    public ILogger Logger { get; init; } = Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
}

/// <summary>All logs of one data directory, and the topics they belong to. <see cref="Open"/> recovers what a crash
/// left;
/// <see cref="Dispose"/> closes cleanly. Synchronous: <see cref="Start"/> adds the committer's thread and the timers,
/// simulations call <see cref="Tick"/>, <see cref="Checkpoint"/> and <see cref="Committer"/>.RunOnce
/// themselves.</summary>
/// <remarks>LogManager.Opening.cs holds the start.</remarks>
sealed partial class LogManager : IDisposable
{
    readonly LogManagerOptions _options;
    readonly LogContext _context;
    readonly string _directory;
    readonly IDisposable _lock;
    readonly ConcurrentDictionary<TopicPartition, PartitionLog> _logs = new();
    readonly Lock _gate = new(); // one change of topics, tick or checkpoint at a time
    readonly List<string> _deletedDirectories = []; // guarded by _gate
    ITimer? _tickTimer;
    ITimer? _checkpointTimer;
    bool _isDisposed; // guarded by _gate

    /// <summary>Which topics there are.</summary>
    public TopicCatalog Topics { get; }

    public string ClusterId { get; }

    public int NodeId { get; }

    public Committer Committer => _context.Committer;

    /// <summary>All open logs.</summary>
    public IEnumerable<PartitionLog> Logs => _logs.Values;

    /// <summary>Free and total bytes of the volume.</summary>
    public VolumeSpace Space => _context.Files.Space(_directory);

    long NowMs => _options.Time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Starts flushing and maintenance in the background.</summary>
    public void Start()
    {
        Committer.Start(_options.Flush);
        var limits = _options.Limits;
        _tickTimer = _options.Time.CreateTimer(static state => ((LogManager)state!)
            .Guarded(static m => m.Tick(m.NowMs)), this,
            limits.RetentionCheckInterval, limits.RetentionCheckInterval);
        _checkpointTimer = _options.Time.CreateTimer(static state => ((LogManager)state!)
            .Guarded(static m => m.Checkpoint()),
            this, limits.CheckpointInterval, limits.CheckpointInterval);
    }

    /// <summary>The log of a partition. Null when there is no such partition, or (the topic is in <see cref="Topics"/>)
    /// when it could not be opened: KafkaStorageError.</summary>
    public PartitionLog? Find(TopicPartition partition) => _logs.GetValueOrDefault(partition);

    /// <inheritdoc cref="Find(TopicPartition)"/>
    public PartitionLog? Find(string topic, int partition) =>
        _logs.GetValueOrDefault(new TopicPartition(topic, partition));

    /// <summary>The settings that hold for a topic.</summary>
    public LogConfig ConfigOf(TopicEntry topic)
    {
        LogConfig.TryParse(topic.Settings.Select(static s => new KeyValuePair<string, string?>(s.Key, s.Value)),
            _options.Defaults, out var config);
        return config;
    }

    /// <summary>Checks settings as <see cref="CreateTopic"/> and <see cref="SetSettings"/> would. Null, or what is
    /// wrong.</summary>
    public string? CheckSettings(IEnumerable<KeyValuePair<string, string?>> settings) =>
        LogConfig.TryParse(settings, _options.Defaults, out _);

    /// <summary>Creates a topic with empty logs.</summary>
    /// <exception cref="ArgumentException">The name, the count or a setting is not valid.</exception>
    /// <exception cref="InvalidOperationException">There is a topic of that name.</exception>
    /// <exception cref="StorageException">It could not be written; there is no such topic then.</exception>
    public TopicEntry CreateTopic(string name, int partitions,
        IEnumerable<KeyValuePair<string, string?>>? settings = null)
    {
        if (TopicNames.Check(name) is { } wrong)
            throw new ArgumentException(wrong, nameof(name));
        ArgumentOutOfRangeException.ThrowIfLessThan(partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(partitions, _options.Limits.MaxPartitionsPerTopic);
        var kept = Kept(settings ?? []);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            if (Topics.Find(name) is not null)
                throw new InvalidOperationException($"Topic '{name}' exists already.");
            var topic = new TopicEntry(name, LogFiles.NewId(_options.Random), partitions, kept);
            // First the catalogue, then the directories: a start makes those that are missing.
            Topics.Create(topic);
            try
            {
                OpenMissing(topic, 0);
            }
            catch (StorageException)
            {
                TakeBack(topic);
                throw;
            }
            return topic;
        }
    }

    // The creation failed half way. A deletion lets the next start remove what is left of the directories, but on a
    // full disk there may be no space to write it.
    void TakeBack(TopicEntry topic)
    {
        try
        {
            Topics.Delete(topic.Id);
        }
        catch (StorageException)
        {
            Topics.TakeBackLast();
        }
        finally
        {
            Forget(topic, 0);
        }
    }

    /// <summary>Adds empty partitions.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The count is not greater than now, or too great.</exception>
    /// <exception cref="InvalidOperationException">There is no such topic.</exception>
    /// <exception cref="StorageException">It could not be written; the topic has as many as before then.</exception>
    public TopicEntry AddPartitions(string name, int newCount)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var topic = Known(name);
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(newCount, topic.Partitions);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(newCount, _options.Limits.MaxPartitionsPerTopic);
            Topics.SetPartitions(topic.Id, newCount);
            var grown = topic with { Partitions = newCount };
            try
            {
                OpenMissing(grown, topic.Partitions);
            }
            catch (StorageException)
            {
                // As with a creation, there may be no space to write the opposite.
                Topics.TakeBackLast();
                Forget(grown, topic.Partitions);
                throw;
            }
            return grown;
        }
    }

    /// <summary>Replaces the settings of a topic and puts them into force.</summary>
    /// <exception cref="ArgumentException">A setting is not valid.</exception>
    /// <exception cref="InvalidOperationException">There is no such topic.</exception>
    /// <exception cref="StorageException">It could not be written.</exception>
    public void SetSettings(string name, IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var kept = Kept(settings);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var topic = Known(name);
            Topics.SetSettings(topic.Id, kept);
            var config = ConfigOf(topic with { Settings = kept });
            for (var i = 0; i < topic.Partitions; i++)
            {
                if (Find(name, i) is { } log)
                    log.Config = config;
            }
        }
    }

    /// <summary>Deletes a topic. Its files get another name at once and go with the next <see cref="Tick"/>.</summary>
    /// <exception cref="InvalidOperationException">There is no such topic.</exception>
    /// <exception cref="StorageException">It could not be written; the topic is still there.</exception>
    public void DeleteTopic(string name)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            var topic = Known(name);
            Topics.Delete(topic.Id);
            Forget(topic, 0);
        }
    }

    /// <summary>DeleteRecords: moves the start of a log, and writes that down before it returns.</summary>
    /// <param name="partition">The partition.</param>
    /// <param name="offset">The new start; -1 for the high watermark.</param>
    /// <param name="startOffset">Where the log starts now; -1 with an error.</param>
    public ErrorCode DeleteRecords(TopicPartition partition, long offset, out long startOffset)
    {
        startOffset = -1;
        if (Find(partition) is not { } log)
            return Topics.Find(partition.Topic) is null ? ErrorCode.UnknownTopicOrPartition
                : ErrorCode.KafkaStorageError;
        var error = log.DeleteRecordsBefore(offset);
        if (error != ErrorCode.None)
            return error;
        try
        {
            lock (_gate)
                SaveStartOffsets();
        }
        catch (StorageException e)
        {
            LogMessages.DirectoryMaintenanceFailed(_options.Logger, e, _directory);
            return ErrorCode.KafkaStorageError;
        }
        startOffset = log.StartOffset;
        return ErrorCode.None;
    }

    /// <summary>Retention, expiry, removal of what was deleted.</summary>
    public void Tick(long nowMs)
    {
        foreach (var log in _logs.Values)
            log.Tick(nowMs);
        lock (_gate)
        {
            if (!_isDisposed)
                RemoveDeleted();
        }
    }

    // One that cannot go now, because somebody has a file of it open, must not keep the others, nor make a stop an
    // unclean one: it is tried again, at the latest by the next start.
    void RemoveDeleted() => _deletedDirectories.RemoveAll(directory =>
    {
        try
        {
            _context.Files.DeleteDirectory(directory);
            return true;
        }
        catch (StorageException e) when (e.Error != StorageError.PowerLost)
        {
            LogMessages.DirectoryMaintenanceFailed(_options.Logger, e, directory);
            return false;
        }
    });

    /// <summary>Writes down how far everything is flushed and where logs start.</summary>
    public void Checkpoint()
    {
        lock (_gate)
        {
            if (_isDisposed)
                return;
            OffsetCheckpoint.Save(_context.Files, _directory, LogFiles.RecoveryPoints,
                _logs.Values.Select(static l => (l.Partition, l.FlushedOffset)), _context.IsDurable);
            SaveStartOffsets();
        }
    }

    /// <summary>Flushes, closes and leaves the mark of a clean stop. Nobody may append any more.</summary>
    public void Dispose()
    {
        _tickTimer?.Dispose();
        _checkpointTimer?.Dispose();
        lock (_gate)
        {
            if (_isDisposed)
                return;
            Committer.Dispose();
            try
            {
                Close();
            }
            catch (StorageException e)
            {
                // The next start recovers.
                LogMessages.DirectoryMaintenanceFailed(_options.Logger, e, _directory);
            }
            _isDisposed = true;
            Topics.Dispose();
            _lock.Dispose();
        }
    }

    void Close()
    {
        var isClean = true;
        var flushed = new List<(TopicPartition, long)>();
        foreach (var log in _logs.Values)
        {
            isClean &= log.Close(clean: true);
            flushed.Add((log.Partition, log.FlushedOffset));
        }
        // A partition that could not be opened must be recovered next time.
        isClean &= _logs.Count == Topics.All.Values.Sum(static t => t.Partitions);
        RemoveDeleted();
        OffsetCheckpoint.Save(_context.Files, _directory, LogFiles.RecoveryPoints, flushed, _context.IsDurable);
        SaveStartOffsets();
        if (isClean)
        {
            LogFiles.Replace(_context.Files, _directory, LogFiles.CleanShutdown,
                "{\"version\":0,\"brokerEpoch\":-1}"u8, durable: true);
        }
    }

    void SaveStartOffsets() => OffsetCheckpoint.Save(_context.Files, _directory, LogFiles.LogStartOffsets,
        _logs.Values.Where(static l => l.StartOffset > 0).Select(static l => (l.Partition, l.StartOffset))
            // What could not be opened this time must not forget what was deleted from it.
            .Concat(_startOffsets.Where(s => !_logs.ContainsKey(s.Key)
                && Topics.Find(s.Key.Topic) is { } topic && s.Key.Partition < topic.Partitions)
                .Select(static s => (s.Key, s.Value))), _context.IsDurable);

    TopicEntry Known(string name) =>
        Topics.Find(name) ?? throw new InvalidOperationException($"There is no topic '{name}'.");

    ImmutableSortedDictionary<string, string> Kept(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var kept = ImmutableSortedDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in settings)
        {
            if (value is not null)
                kept[name] = value;
        }
        return CheckSettings(kept!) is { } wrong
            ? throw new ArgumentException(wrong, nameof(settings))
            : kept.ToImmutable();
    }

    // Closes the logs of partitions that are gone from the catalogue and renames their directories.
    void Forget(TopicEntry topic, int from)
    {
        for (var i = from; i < topic.Partitions; i++)
        {
            var partition = new TopicPartition(topic.Name, i);
            if (_logs.TryRemove(partition, out var log))
                log.Close(clean: false);
            var path = DirectoryOf(partition);
            if (!_context.Files.DirectoryExists(path))
                continue;
            // Kafka's form, cut so that the longest topic name still makes a legal file name.
            var suffix = string.Create(CultureInfo.InvariantCulture,
                $"-{i}.{topic.Id:N}{LogFiles.DeletedDirectorySuffix}");
            var renamed = Path.Combine(_directory, topic.Name[..Math.Min(topic.Name.Length, 255 - suffix.Length)]
                + suffix);
            try
            {
                _context.Files.Rename(path, renamed);
                _deletedDirectories.Add(renamed);
            }
            catch (StorageException e)
            {
                // The next start finds it with the id of a deleted topic and removes it.
                LogMessages.DirectoryMaintenanceFailed(_options.Logger, e, path);
            }
        }
    }

    void Guarded(Action<LogManager> maintenance)
    {
        try
        {
            maintenance(this);
        }
        catch (Exception e)
        {
            // Whatever it is: on the thread of a timer it would end the process that the broker is embedded in.
            LogMessages.DirectoryMaintenanceFailed(_options.Logger, e, _directory);
        }
    }

    string DirectoryOf(TopicPartition partition) => Path.Combine(_directory, partition.ToString());
}
