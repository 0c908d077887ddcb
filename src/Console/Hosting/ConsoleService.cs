using Microsoft.Extensions.Logging.Abstractions;
using Millrace.Client;
using Millrace.Console.Api;
using Millrace.Ops.DeadLetters;
using Millrace.Ops.Lag;
using Millrace.Ops.Problems;
using Millrace.Ops.Replay;
using Millrace.Ops.Topics;

namespace Millrace.Console.Hosting;

/// <summary>The readers of one cluster behind all pages, and the last overview.</summary>
sealed class ConsoleService : IAsyncDisposable
{
    // A person waits for the page: 10 s instead of the client's minute, then the page says what is wrong.
    static readonly TimeSpan ApiTimeout = TimeSpan.FromSeconds(10);

    readonly KafkaClient? _own;
    readonly TimeProvider _clock;
    readonly SemaphoreSlim _gate = new(1, 1);
    readonly DeadLetterIndex _index;
    readonly TopicReader _topics;
    // guarded by _gate: what the last reading brought, one of the two
    Overview? _last;
    string? _lastFailure;
    long _lastRead;

    public ConsoleService(ConsoleOptions options, TimeProvider clock, ILoggerFactory? loggers)
    {
        Options = options;
        _clock = clock;
        _own = options.Client is null ? Connect(options.BootstrapServers!, clock, loggers) : null;
        Client = options.Client ?? _own!;
        DeadLetters = new DeadLetterReader(Client, clock);
        Lag = new LagReader(Client, clock: clock);
        Replays = new ReplayJobs(Client, clock);
        _index = new DeadLetterIndex(DeadLetters);
        _topics = new TopicReader(Client);
    }

    public ConsoleOptions Options { get; }

    public KafkaClient Client { get; }

    public DeadLetterReader DeadLetters { get; }

    public LagReader Lag { get; }

    public ReplayJobs Replays { get; }

    /// <summary>What the brokers said at most <see cref="ConsoleOptions.MaxAge"/> ago, or that none answered. Callers
    /// share one reading: those who wait for it do not wait for one each when no broker answers.</summary>
    public async Task<Overview> OverviewAsync(CancellationToken cancellation)
    {
        await _gate.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if ((_last is null && _lastFailure is null) || _clock.GetElapsedTime(_lastRead) >= Options.MaxAge)
            {
                (_last, _lastFailure) = (null, null);
                _last = await ReadAsync(cancellation).ConfigureAwait(false);
                _lastRead = _clock.GetTimestamp();
            }

            return _last ?? throw new KafkaConnectionException(_lastFailure!);
        }
        catch (KafkaConnectionException e) when (_lastFailure is null)
        {
            (_lastFailure, _lastRead) = (e.Message, _clock.GetTimestamp());
            throw;
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Replays.DisposeAsync().ConfigureAwait(false);
        if (_own is not null)
        {
            await _own.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Dispose();
    }

    static KafkaClient Connect(string servers, TimeProvider clock, ILoggerFactory? loggers) => new(
        new ClientOptions
        {
            BootstrapServers = servers,
            ClientId = "millrace-console",
            ApiTimeout = ApiTimeout,
        },
        new ClientRuntime
        {
            TimeProvider = clock,
            LoggerFactory = loggers ?? NullLoggerFactory.Instance,
        });

    async Task<Overview> ReadAsync(CancellationToken cancellation)
    {
        var cluster = await Client.Admin.DescribeClusterAsync(cancellation).ConfigureAwait(false);
        var topics = await _topics.ListAsync(includeInternal: true, cancellation).ConfigureAwait(false);
        var groups = await Lag.ReadAllAsync(cancellation).ConfigureAwait(false);
        var letters = new List<DeadLetterSummary>();
        foreach (var topic in topics.Where(static t => t.IsDeadLetters && t.Error is null && t.Leaderless.Count == 0))
        {
            letters.Add(await _index.RefreshAsync(topic.Name, cancellation).ConfigureAwait(false));
        }

        var now = _clock.GetUtcNow();
        return new Overview(
            cluster, topics, groups, letters, ProblemFinder.Find(topics, groups, letters, Options.LagLimit, now), now);
    }
}
