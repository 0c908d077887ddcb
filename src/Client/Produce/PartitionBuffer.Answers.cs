using Millrace.Client.Routing;
using Millrace.Protocol;

namespace Millrace.Client.Produce;

/// <summary>A broker's answer to one batch, or the lack of one.</summary>
/// <param name="Error">The error; <see cref="ErrorCode.NetworkException"/> when the connection failed.</param>
/// <param name="BaseOffset">The first record's offset, -1 if not known.</param>
/// <param name="LogAppendTimeMs">The broker's time if it replaced the timestamps, else -1.</param>
/// <param name="Text">The broker's own words, or the connection's.</param>
/// <param name="MaybeWritten">Without an answer: the request had left.</param>
readonly record struct BatchAnswer(
    ErrorCode Error, long BaseOffset = -1, long LogAppendTimeMs = -1, string? Text = null, bool MaybeWritten = false);

/// <summary>What comes back: answers, failures, time running out.</summary>
sealed partial class PartitionBuffer
{
    /// <summary>Takes an answer for a batch in flight. If the batch is done the caller finishes it: success with
    /// error null.</summary>
    /// <returns>True when the batch is done; false when it will be sent again.</returns>
    public bool Answer(ProduceBatch batch, in BatchAnswer answer, long nowMs, out ProduceException? error)
    {
        error = null;
        lock (_gate)
        {
            if (answer.Error is ErrorCode.None or ErrorCode.DuplicateSequenceNumber)
            {
                // A duplicate is a success: the batch was written by a try whose answer was lost.
                Remove(batch);
                return true;
            }
            NoteError(batch, answer);
            batch.IsAmbiguous |= answer.MaybeWritten || LeavesDoubt(answer.Error);
            if (rules.IsIdempotent && IsSequenceError(answer.Error))
            {
                AnswerSequenceError(batch, answer.Error);
            }
            else if (Retries.Decide(answer.Error) is RetryDecision.Fatal)
            {
                Fail(batch);
                error = ErrorOf(batch, isLate: false);
                return true;
            }
            batch.State = BatchState.Resend;
            batch.RetryAtMs = nowMs + Backoff.DelayMs(
                batch.Failures++, rules.Options.RetryBackoff, rules.Options.RetryBackoffMax, rules.Runtime);
            return false;
        }
    }

    /// <summary>Takes what cannot be delivered in time. A batch in flight stays: it may be written yet, and its
    /// answer tells.</summary>
    public void Expire(long nowMs, List<(ProduceBatch Batch, ProduceException Error)> failed)
    {
        lock (_gate)
        {
            for (var i = 0; i < _sent.Count; i++)
            {
                if (_sent[i] is { State: BatchState.Resend } batch && batch.DeadlineMs <= nowMs)
                {
                    failed.Add((batch, ErrorOf(batch, isLate: true)));
                    Fail(batch);
                    i--;
                }
            }
            while (_waiting.TryPeek(out var waiting) && waiting.DeadlineMs <= nowMs)
            {
                _waiting.Dequeue();
                failed.Add((waiting, DropUnsent(waiting, null)));
            }
            if (_waiting.Count == 0 && _open is { } open && open.DeadlineMs <= nowMs)
            {
                _open = null;
                failed.Add((open, DropUnsent(open, null)));
            }
        }
    }

    /// <summary>Takes everything that is not in flight: the producer gives up.</summary>
    public void Abandon(ProduceException reason, List<(ProduceBatch Batch, ProduceException Error)> failed)
    {
        lock (_gate)
        {
            foreach (var batch in Unfinished())
            {
                if (batch.State != BatchState.InFlight)
                {
                    failed.Add((batch, reason));
                    if (batch.State == BatchState.Resend)
                    {
                        Fail(batch);
                    }
                    else
                    {
                        _ = DropUnsent(batch, reason);
                    }
                }
            }
            _waiting.Clear();
            _open = null;
        }
    }

    /// <summary>Keeps what to say should the batch fail in the end. That its number is not the next one is only the
    /// consequence of what the oldest batch, or it itself, was refused for.</summary>
    void NoteError(ProduceBatch batch, in BatchAnswer answer)
    {
        var isConsequence = rules.IsIdempotent && IsSequenceError(answer.Error)
            && _sent[0].LastError != ErrorCode.None;
        batch.LastError = isConsequence ? _sent[0].LastError : answer.Error;
        batch.LastErrorText = isConsequence ? _sent[0].LastErrorText : answer.Text;
    }

    void AnswerSequenceError(ProduceBatch batch, ErrorCode code)
    {
        // The leader says that this is not its next number, and it is none of the last five either: so it is not
        // written.
        batch.IsAmbiguous = false;
        // With older ones unresolved that is only the consequence: they go out again first. Otherwise the broker lost
        // what it knew.
        _needsEpoch |= code != ErrorCode.OutOfOrderSequenceNumber || _sent[0] == batch;
    }

    void Remove(ProduceBatch batch)
    {
        batch.State = BatchState.Done;
        _sent.Remove(batch);
    }

    /// <summary>A sent batch failed for good. Its numbers are given again if it was the newest and surely not
    /// written.</summary>
    void Fail(ProduceBatch batch)
    {
        if (rules.IsIdempotent)
        {
            var isNewest = _sent[^1] == batch;
            if (isNewest && !batch.IsAmbiguous && !_needsEpoch)
            {
                _nextSequence = batch.BaseSequence;
            }
            else
            {
                _needsEpoch = true;
            }
        }
        Remove(batch);
    }

    ProduceException DropUnsent(ProduceBatch batch, ProduceException? reason)
    {
        batch.State = BatchState.Done;
        _unsentBytes -= batch.ReservedBytes;
        return reason ?? ErrorOf(batch, isLate: true);
    }

    ProduceException ErrorOf(ProduceBatch batch, bool isLate)
    {
        var code = batch.LastError == ErrorCode.None ? ErrorCode.RequestTimedOut : batch.LastError;
        var what = $"{batch.Count} record{(batch.Count == 1 ? "" : "s")} for {Topic}-{Index}";
        string text;
        if (isLate)
        {
            var cause = batch.LastError != ErrorCode.None
                ? $"last error: {batch.LastError.Name()}{(batch.LastErrorText is { } t ? $" ({t})" : "")}"
                : _sender is null ? "the partition has no leader"
                    : $"{_sender.Name} did not take it: {_sender.LastFailure ?? "it is busy"}";
            text = $"{what} could not be delivered within DeliveryTimeout "
                + $"({rules.Options.DeliveryTimeout.TotalSeconds:0.#} s); {cause}.";
        }
        else if (code is ErrorCode.MessageTooLarge or ErrorCode.RecordListTooLarge)
        {
            text = $"{what} made a batch of {batch.Bytes.Length} bytes, more than the broker takes. Raise the topic's "
                + $"max.message.bytes, or lower ProducerOptions.BatchSize (now {rules.Options.BatchSize}).";
        }
        else
        {
            text = $"{what} were refused: {batch.LastErrorText ?? code.Describe().Text}";
        }
        return new ProduceException(code, text, batch.Count, batch.IsAmbiguous);
    }

    static bool IsSequenceError(ErrorCode code) =>
        code is ErrorCode.OutOfOrderSequenceNumber or ErrorCode.UnknownProducerId or ErrorCode.InvalidProducerEpoch;

    /// <summary>The leader may have written the batch before it answered with this error.</summary>
    static bool LeavesDoubt(ErrorCode code) =>
        code is ErrorCode.RequestTimedOut or ErrorCode.NotEnoughReplicasAfterAppend
        or ErrorCode.KafkaStorageError or ErrorCode.UnknownServerError;
}
