using System.Diagnostics;

namespace Millrace.Client.Produce;

/// <summary>What leaves: the choice of the next batch for a request.</summary>
sealed partial class PartitionBuffer
{
    /// <summary>The next batch to send, numbered and marked as in flight; null if there is none now.</summary>
    /// <param name="sender">Who asks.</param>
    /// <param name="context">What it knows.</param>
    /// <param name="askAgainMs">When to ask again at the latest if nothing else happens; <see cref="long.MaxValue"/>
    /// = an answer will tell.</param>
    public ProduceBatch? TakeNext(BrokerSender sender, in DrainContext context, out long askAgainMs)
    {
        askAgainMs = long.MaxValue;
        lock (_gate)
        {
            var inFlight = CountInFlight();
            if (_sender != sender || _takenBy == context.Stamp || (inFlight > 0 && _inFlightWith != sender))
            {
                return null;   // rule 3: the old leader's answers come first, and wake this sender
            }
            var batch = _sent.Count > inFlight
                ? TakeResend(inFlight, context, ref askAgainMs)
                : TakeNew(inFlight, context, ref askAgainMs);
            if (batch is not null)
            {
                batch.State = BatchState.InFlight;
                _inFlightWith = sender;
                _takenBy = context.Stamp;
            }
            return batch;
        }
    }

    ProduceBatch? TakeResend(int inFlight, in DrainContext context, ref long askAgainMs)
    {
        if (_needsEpoch && inFlight > 0)
        {
            return null;
        }
        var at = _needsEpoch
            ? _sent.FindIndex(static b => b.IsAmbiguous)   // rule 5
            : _sent.FindIndex(static b => b.State == BatchState.Resend);
        if (at < 0)
        {
            if (!TryRenumber())
            {
                askAgainMs = context.NowMs + (long)rules.Options.RetryBackoff.TotalMilliseconds;
                return null;
            }
            at = 0;
        }
        var batch = _sent[at];
        for (var i = at + 1; i < _sent.Count; i++)
        {
            if (_sent[i].State == BatchState.InFlight)
            {
                return null;   // rule 2
            }
        }
        if (batch.RetryAtMs > context.NowMs)
        {
            askAgainMs = batch.RetryAtMs;
            return null;
        }
        if (!Fits(batch, context))
        {
            askAgainMs = context.NowMs;
            return null;
        }
        return batch;
    }

    ProduceBatch? TakeNew(int inFlight, in DrainContext context, ref long askAgainMs)
    {
        if (_needsEpoch && (inFlight > 0 || !TryRenumber()))
        {
            askAgainMs = inFlight > 0 ? long.MaxValue
                : context.NowMs + (long)rules.Options.RetryBackoff.TotalMilliseconds;
            return null;
        }
        // Rule 6, which also limits how many are in flight.
        var isWindowFull = _sent.Count > 0 && _nextOrdinal - _sent[0].Ordinal >= rules.MaxInFlight;
        if (isWindowFull || !IsDue(context, ref askAgainMs))
        {
            return null;
        }
        if (rules.IsIdempotent && _sent.Count == 0 && !TryAdoptIdentity())
        {
            return null;   // the sender is asking for an id and looks here again when it has one
        }
        var isOpen = _waiting.Count == 0;
        var batch = isOpen ? _open! : _waiting.Peek();
        if (!Fits(batch, context))
        {
            askAgainMs = context.NowMs;
            return null;
        }
        if (isOpen)
        {
            _open = null;
        }
        else
        {
            _waiting.Dequeue();
        }
        if (rules.IsIdempotent)
        {
            batch.Number(_producerId, _producerEpoch, _nextSequence);
            _nextSequence = NextSequence(_nextSequence, batch.Count);
        }
        batch.Ordinal = _nextOrdinal++;
        _unsentBytes -= batch.ReservedBytes;
        _sent.Add(batch);
        return batch;
    }

    /// <summary>Linger: only an unfinished batch that would be sent nearly empty waits, and an awaited record not
    /// even that when
    /// nothing is in flight.</summary>
    bool IsDue(in DrainContext context, ref long askAgainMs)
    {
        if (_waiting.Count > 0)
        {
            return true;
        }
        if (_open is not { } open)
        {
            return false;
        }
        var lingerEndsMs = open.CreatedMs + rules.LingerMs;
        if (context.IsHurried || context.NowMs >= lingerEndsMs || (context.InFlight == 0 && open.HasAwaited)
            || open.Builder.EstimatedSize >= rules.WorthSending(context.InFlight))
        {
            return true;
        }
        askAgainMs = lingerEndsMs;
        return false;
    }

    static bool Fits(ProduceBatch batch, in DrainContext context) =>
        context.IsEmptyRequest
            || (batch.Builder.IsSealed ? batch.Bytes.Length : batch.Builder.EstimatedSize) <= context.MaxBytes;

    /// <summary>Takes the producer's present identity, if the partition has another, and starts at 0 with it.</summary>
    bool TryAdoptIdentity()
    {
        var (id, epoch) = rules.Identity.Current;
        if (id < 0)
        {
            return false;
        }
        if (id != _producerId || epoch != _producerEpoch)
        {
            (_producerId, _producerEpoch, _nextSequence) = (id, epoch, 0);
        }
        return true;
    }

    /// <summary>Rule 4: a new epoch for the partition, everything unresolved numbered from 0. Nothing is in flight
    /// and nothing
    /// is ambiguous.</summary>
    bool TryRenumber()
    {
        Debug.Assert(_sent.TrueForAll(static b => b.State == BatchState.Resend && !b.IsAmbiguous), "Rule 5");
        var (id, epoch) = rules.Identity.After(_producerId, _producerEpoch);
        if (id < 0)
        {
            return false;
        }
        (_producerId, _producerEpoch, _nextSequence) = (id, epoch, 0);
        foreach (var batch in _sent)
        {
            batch.Number(id, epoch, _nextSequence);
            batch.Ordinal = _nextOrdinal++;
            _nextSequence = NextSequence(_nextSequence, batch.Count);
        }
        _needsEpoch = false;
        LogMessages.EpochRaised(rules.Logger, epoch, Topic, Index, "a numbered batch was lost or failed");
        return true;
    }

    int CountInFlight()
    {
        var count = 0;
        foreach (var batch in _sent)
        {
            count += batch.State == BatchState.InFlight ? 1 : 0;
        }
        return count;
    }
}
