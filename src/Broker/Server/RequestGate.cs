namespace Millrace.Broker.Server;

/// <summary>What a gate decides about a request.</summary>
enum GateDecision
{
    /// <summary>The handler gets it.</summary>
    Pass,

    /// <summary>The connection is closed, unanswered.</summary>
    Disconnect,
}

/// <summary>Looks at every request before its handler does: the place for faults, pauses and observers. A null check
/// when unused.</summary>
interface IRequestGate
{
    ValueTask<GateDecision> OnRequestAsync(RequestContext context);
}
