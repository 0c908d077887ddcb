using Millrace.Protocol.Messages;

namespace Millrace.Client.Groups;

/// <summary>Something that <see cref="GroupMemberCore"/> wants done. Each is answered once, by its own input or by
/// <see cref="GroupMemberCore.OnFailed"/>; answers to requests that were given up meanwhile are recognized by
/// identity.</summary>
abstract class GroupRequest
{
    /// <summary>Ask any broker who coordinates the group.</summary>
    public sealed class FindCoordinator : GroupRequest;

    /// <summary>Send to the coordinator.</summary>
    public sealed class Join(JoinGroupRequest message, int timeoutMs) : GroupRequest
    {
        public JoinGroupRequest Message => message;

        public int TimeoutMs => timeoutMs;
    }

    /// <summary>Tell how many partitions these topics have; leave out those that do not exist.</summary>
    public sealed class CountPartitions(IReadOnlyCollection<string> topics) : GroupRequest
    {
        public IReadOnlyCollection<string> Topics => topics;
    }

    /// <summary>Send to the coordinator.</summary>
    public sealed class Sync(SyncGroupRequest message, int timeoutMs) : GroupRequest
    {
        public SyncGroupRequest Message => message;

        public int TimeoutMs => timeoutMs;
    }

    /// <summary>Send to the coordinator.</summary>
    public sealed class Heartbeat(HeartbeatRequest message) : GroupRequest
    {
        public HeartbeatRequest Message => message;
    }

    /// <summary>Send to the coordinator; nothing depends on the answer.</summary>
    public sealed class Leave(string memberId) : GroupRequest
    {
        public string MemberId => memberId;
    }
}
