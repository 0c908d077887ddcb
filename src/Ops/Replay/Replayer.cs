using System.Globalization;
using Millrace.Client;
using Millrace.Client.Produce;
using Millrace.Ops.DeadLetters;

namespace Millrace.Ops.Replay;

/// <summary>
/// Sends the dead letters of a topic to another topic: original key, value and headers. Each is sent once, also when a
/// run is interrupted or the replay is started again.
/// </summary>
/// <remarks>
/// The cursor is the committed offset of a group of its own, <c>millrace-replay.FROM.TO</c>. Its metadata holds where
/// the target ended when everything before the cursor was acknowledged; a later run looks behind those ends for the ids
/// of records that an interrupted run had sent, and leaves them out. A second runner takes the group's only (static)
/// member over, so the first one's next save of the cursor is refused and it stops.
/// </remarks>
/// <param name="client">The cluster; stays the caller's.</param>
/// <param name="clock">Paces a limited replay; the system's clock by default.</param>
public sealed class Replayer(KafkaClient client, TimeProvider? clock = null)
{
    /// <summary>How the names of the groups begin that keep the cursors of replays.</summary>
    public const string GroupPrefix = "millrace-replay.";

    const string InstanceId = "millrace-replay";

    // Whoever watches a slow replay sees it move, and a stop forgets little.
    static readonly TimeSpan SaveInterval = TimeSpan.FromSeconds(1);

    readonly TimeProvider _clock = clock ?? TimeProvider.System;

    /// <summary>Runs one replay to the end of what lay in the source when it started.</summary>
    /// <param name="options">What to send where.</param>
    /// <param name="cancellation">Stops at once; a later run goes on there and repeats nothing.</param>
    /// <returns>What was sent, and what was not.</returns>
    /// <exception cref="ArgumentException">Source and target are the same, or a number is out of range.</exception>
    /// <exception cref="KafkaServerException">A topic is missing, or another replay of the same pair took
    /// over.</exception>
    public async Task<ReplayProgress> RunAsync(ReplayOptions options, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var reader = new DeadLetterReader(client, _clock);
        var source = await reader.RangeAsync(options.From, cancellation).ConfigureAwait(false);
        var session = await ReplaySession.OpenAsync(client, options, InstanceId, source, _clock, cancellation)
            .ConfigureAwait(false);
        await using var _ = session.ConfigureAwait(false);
        return await SendAllAsync(options, reader, source, session, cancellation).ConfigureAwait(false);
    }

    /// <summary>The consumer group that keeps the cursor of a replay.</summary>
    public static string GroupOf(string from, string to) =>
        string.Create(CultureInfo.InvariantCulture, $"{GroupPrefix}{from}.{to}");

    async Task<ReplayProgress> SendAllAsync(
        ReplayOptions options, DeadLetterReader reader, TopicRange source, ReplaySession session,
        CancellationToken cancellation)
    {
        var rest = source.From(session.Cursor);
        var progress = new ReplayProgress(0, 0, 0, rest.Count);
        options.OnProgress?.Invoke(progress);
        var pace = new Pace(options.RatePerSecond, _clock);
        var producer = client.CreateProducer(new ProducerOptions());
        await using var _ = producer.ConfigureAwait(false);
        var unsaved = 0;
        var saved = _clock.GetTimestamp();
        var isDone = true;
        await foreach (var letter in reader.ReadAsync(rest, cancellation).ConfigureAwait(false))
        {
            if (options.Limit is { } limit && progress.Sent >= limit)
            {
                isDone = false;
                break;
            }

            var fate = Judge(letter, options, session);
            if (fate == Fate.Send)
            {
                if (unsaved > 0 && _clock.GetElapsedTime(saved) + pace.Wait >= SaveInterval)
                {
                    await SaveAsync().ConfigureAwait(false);
                }

                await pace.WaitAsync(cancellation).ConfigureAwait(false);
                var record = new ProducerRecord(options.To, letter.Key, letter.Value)
                {
                    Headers = ReplayHeaders.For(letter),
                };
                await producer.EnqueueAsync(record, cancellation).ConfigureAwait(false);
            }

            session.Advance(letter);
            progress = progress with
            {
                Sent = progress.Sent + (fate == Fate.Send ? 1 : 0),
                AlreadySent = progress.AlreadySent + (fate == Fate.AlreadySent ? 1 : 0),
                PassedOver = progress.PassedOver + (fate == Fate.PassOver ? 1 : 0),
                Remaining = progress.Remaining - 1,
            };
            if (++unsaved == options.BatchSize)
            {
                await SaveAsync().ConfigureAwait(false);
            }
        }

        await producer.FlushAsync(cancellation).ConfigureAwait(false);
        if (isDone)
        {
            // Past offsets that nobody gets, so that nothing seems to remain.
            session.AdvanceTo(rest);
            progress = progress with { Remaining = 0 };
        }

        await session.SaveAsync(isDone, cancellation).ConfigureAwait(false);
        options.OnProgress?.Invoke(progress);
        return progress;

        async Task SaveAsync()
        {
            (unsaved, saved) = (0, _clock.GetTimestamp());
            await producer.FlushAsync(cancellation).ConfigureAwait(false);
            await session.SaveAsync(isDone: false, cancellation).ConfigureAwait(false);
            options.OnProgress?.Invoke(progress);
        }
    }

    enum Fate
    {
        Send,
        AlreadySent,
        PassOver,
    }

    static Fate Judge(DeadLetter letter, ReplayOptions options, ReplaySession session)
    {
        if (session.WasSent(letter))
        {
            return Fate.AlreadySent;
        }

        return letter.Replays >= options.MaxReplays || options.Filter?.Invoke(letter) == false ? Fate.PassOver
            : Fate.Send;
    }

    /// <summary>Record n is due n/rate seconds after the start.</summary>
    sealed class Pace(double? perSecond, TimeProvider clock)
    {
        readonly long _start = clock.GetTimestamp();
        long _count;

        /// <summary>How long until the next record is due; 0 or less when it is.</summary>
        public TimeSpan Wait => perSecond is { } rate
            ? TimeSpan.FromSeconds(_count / rate) - clock.GetElapsedTime(_start)
            : TimeSpan.Zero;

        public async ValueTask WaitAsync(CancellationToken cancellation)
        {
            var wait = Wait;
            _count++;
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, clock, cancellation).ConfigureAwait(false);
            }
        }
    }
}
