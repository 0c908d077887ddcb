namespace Millrace.Broker.Coordination;

/// <summary>The two clocks that a state machine is given. Timers run on the first, which never jumps; records carry the
/// second.</summary>
/// <param name="TickMs">Monotonic milliseconds from an arbitrary start.</param>
/// <param name="UnixMs">Wall clock, milliseconds since 1970.</param>
readonly record struct Now(long TickMs, long UnixMs);
