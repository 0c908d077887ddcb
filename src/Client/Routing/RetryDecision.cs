using Millrace.Protocol;

namespace Millrace.Client.Routing;

/// <summary>What to do after an answer or a failure.</summary>
enum RetryDecision
{
    /// <summary>It went well.</summary>
    Done,

    /// <summary>The same request to the same place, after a pause.</summary>
    Retry,

    /// <summary>What the client knows of the cluster is outdated: refresh metadata or the coordinator, pause, try
    /// again.</summary>
    Refresh,

    /// <summary>Trying again cannot help.</summary>
    Fatal,
}

/// <summary>The one classifier of errors. Called by every retry loop of <see cref="ClientCore"/>, by the admin
/// fan-outs, by the
/// produce path and by fetching; those that read more into single codes (idempotence, groups, offsets out of range)
/// look at
/// them first and leave the rest to this.</summary>
static class Retries
{
    public static RetryDecision Decide(ErrorCode code) => code switch
    {
        ErrorCode.None => RetryDecision.Done,
        ErrorCode.UnknownTopicOrPartition or ErrorCode.LeaderNotAvailable or ErrorCode.NotLeaderOrFollower
            or ErrorCode.ReplicaNotAvailable or ErrorCode.NotController or ErrorCode.NotCoordinator
            or ErrorCode.CoordinatorNotAvailable or ErrorCode.FencedLeaderEpoch or ErrorCode.UnknownTopicId
            or ErrorCode.InconsistentTopicId or ErrorCode.KafkaStorageError or ErrorCode.ListenerNotFound
            or ErrorCode.BrokerNotAvailable or ErrorCode.NetworkException => RetryDecision.Refresh,
        _ => code.IsRetriable() ? RetryDecision.Retry : RetryDecision.Fatal,
    };

    /// <summary>A broken connection may mean that the broker is gone, so the client looks for where to go.</summary>
    public static RetryDecision Decide(Exception error) => error switch
    {
        KafkaConnectionException { IsTransient: true } => RetryDecision.Refresh,
        KafkaServerException e => Decide(e.Code),
        _ => RetryDecision.Fatal,
    };
}
