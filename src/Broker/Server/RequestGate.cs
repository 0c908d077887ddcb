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
    /// <summary>Called with the requests of a connection one by one, in their order: while one is held, those behind
    /// it wait.</summary>
    /// <param name="context">The request, without its body. Its <see cref="RequestContext.Closed"/> ends a
    /// wait.</param>
    ValueTask<GateDecision> OnRequestAsync(RequestContext context);
}
