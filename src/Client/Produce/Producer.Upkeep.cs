using Millrace.Client.Metadata;
using Millrace.Client.Routing;
using Millrace.Protocol;
using Millrace.Protocol.Messages;

namespace Millrace.Client.Produce;

/// <summary>What goes on beside the records: topics, leaders, the producer id, time running out.</summary>
public sealed partial class Producer
{
    bool IProducerPort.IsHurried => Volatile.Read(ref _flushing) > 0 || _admission.Waiting > 0;

    Guid IProducerPort.TopicIdOf(string topic) => _topics.TryGetValue(topic, out var slot) ? slot.Id : Guid.Empty;

    void IProducerPort.Finish(ProduceBatch batch, in BatchAnswer answer, ProduceException? error)
    {
        var topic = Metrics.Topic(batch.Partition.Topic);
        if (error is null)
        {
            Metrics.RecordsSent.Add(batch.Count, topic);
            Metrics.BytesSent.Add(batch.Bytes.Length, topic);
        }
        else
        {
            CountFailure(batch, error);
        }
        batch.Finish(answer.BaseOffset, answer.LogAppendTimeMs, error);
        var reserved = batch.ReservedBytes;
        _rules.Batches.Return(batch);
        _admission.Release(reserved);
    }

    void IProducerPort.AcquireIdentity()
    {
        if (Interlocked.Exchange(ref _isAcquiring, 1) == 0)
        {
            _ = AcquireIdentityAsync();
        }
    }

    async Task AcquireIdentityAsync()
    {
        try
        {
            var request = new InitProducerIdRequest { TransactionalId = null, TransactionTimeoutMs = int.MaxValue };
            var response = await _core.SendToAnyAsync<InitProducerIdRequest, InitProducerIdResponse>(
                request, static r => r.ErrorCode, InitProducerIdVersionCap).ConfigureAwait(false);
            if (response.ErrorCode == ErrorCode.None)
            {
                _rules.Identity.Set(response.ProducerId, response.ProducerEpoch);
                LogMessages.ProducerIdAcquired(_core.Logger, response.ProducerId, response.ProducerEpoch);
                return;
            }
            LogMessages.ProducerIdFailed(_core.Logger, response.ErrorCode.Name());
            AbandonIfFatal(response.ErrorCode, null);
        }
        catch (KafkaServerException e)
        {
            LogMessages.ProducerIdFailed(_core.Logger, e.Message);
            AbandonIfFatal(e.Code, e);
        }
        catch (KafkaConnectionException e)
        {
            LogMessages.ProducerIdFailed(_core.Logger, e.Message);   // the sender asks again; DeliveryTimeout limits it
        }
        finally
        {
            Volatile.Write(ref _isAcquiring, 0);
            if (!_isDisposed)
            {
                WakeSenders();
            }
        }
    }

    // What may pass is asked for again by the senders; DeliveryTimeout limits that.
    void AbandonIfFatal(ErrorCode code, Exception? cause)
    {
        if (Retries.Decide(code) == RetryDecision.Fatal)
        {
            Abandon(new ProduceException(code, NoProducerId, inner: cause));
        }
    }

    const string NoProducerId =
        "no producer id could be had. Set ProducerOptions.Idempotent = false to send without one.";

    // 6 and later add what only transactions with two-phase commit need.
    const short InitProducerIdVersionCap = 5;

    TopicSlot AddTopic(string name)
    {
        var slot = _topics.GetOrAdd(name, static (n, rules) => new TopicSlot(n, rules), _rules);
        var isNew = _interest.Add(slot.Name);
        UpdateTopic(slot, _core.Metadata.View);
        if (isNew && !slot.IsOpen)
        {
            _core.Metadata.RequestRefresh(isUrgent: true);
        }
        return slot;
    }

    void OnView(ClusterView view)
    {
        foreach (var slot in _topics.Values)
        {
            UpdateTopic(slot, view);
        }
    }

    void UpdateTopic(TopicSlot slot, ClusterView view)
    {
        if (!_isDisposed && view.Topic(slot.Name) is { } topic)
        {
            slot.Update(topic, SenderOf, _admission);
        }
    }

    BrokerSender? SenderOf(int nodeId) => nodeId < 0
        ? null
        : _senders.GetOrAdd(nodeId, static (id, p) => new BrokerSender(id, p._core, p._rules, p), this);

    /// <summary>The timer: what is too old fails, what waits for metadata asks again.</summary>
    void Sweep()
    {
        var now = _core.Runtime.NowMs();
        var view = _core.Metadata.View;
        var failed = new List<(ProduceBatch Batch, ProduceException Error)>();
        var needsMetadata = false;
        _rules.Batches.Trim();
        foreach (var slot in _topics.Values)
        {
            foreach (var partition in slot.Partitions)
            {
                partition.Expire(now, failed);
                needsMetadata |= partition.Sender is null && partition.IsBusy;
            }
            if (slot.HasPending)
            {
                needsMetadata = true;
                slot.RejectPending(view.Topic(slot.Name)?.Error ?? ErrorCode.None, null, now);
            }
        }
        foreach (var (batch, error) in failed)
        {
            ((IProducerPort)this).Finish(batch, new BatchAnswer(error.Code), error);
        }
        if (needsMetadata && !_isDisposed)
        {
            _core.Metadata.RequestRefresh();
        }
    }

    /// <summary>Fails everything that is not in flight.</summary>
    void Abandon(ProduceException reason)
    {
        var failed = new List<(ProduceBatch Batch, ProduceException Error)>();
        foreach (var slot in _topics.Values)
        {
            slot.RejectPending(reason);
            foreach (var partition in slot.Partitions)
            {
                partition.Abandon(reason, failed);
            }
        }
        foreach (var (batch, error) in failed)
        {
            ((IProducerPort)this).Finish(batch, new BatchAnswer(error.Code), error);
        }
    }
}
