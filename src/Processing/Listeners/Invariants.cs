using System.Diagnostics.CodeAnalysis;

namespace Millrace.Processing.Listeners;

/// <summary>What always holds in the engine. The cheap ones are checked in every build; the simulator checks all of
/// them, against its own record of what happened, after each event.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>I1</term><description>a commit is at most the lowest incomplete offset of its lease, when it is
/// sent</description></item>
/// <item><term>I2</term><description>the commits of one lease never decrease</description></item>
/// <item><term>I3</term><description>every received record ends exactly once: completed, dead-lettered and
/// acknowledged, or discarded with its lease</description></item>
/// <item><term>I4</term><description>at most one handler runs for a (partition, key) in a process, across
/// leases</description></item>
/// <item><term>I5</term><description>the handlers of one key of one lease start in offset order, attempts
/// included</description></item>
/// <item><term>I6</term><description>no handler starts after its lease left Active</description></item>
/// <item><term>I7</term><description>outstanding records and bytes stay within their limits</description></item>
/// <item><term>I8</term><description>clean means that the broker acknowledged exactly this offset and
/// map</description></item>
/// <item><term>I9</term><description>a decoded map never calls done what was not completed</description></item>
/// <item><term>I10</term><description>while the head of a lane is parked, the lane runs nothing</description></item>
/// <item><term>I11</term><description>with a free slot and a ready lane, the lane starts; below the low mark no
/// partition stays paused</description></item>
/// <item><term>I12</term><description>a drain ends within its bound</description></item>
/// <item><term>I13</term><description>the metadata is never longer than its limit</description></item>
/// <item><term>I14</term><description>the outputs of a committed transaction are those of its offsets (belongs to the
/// transactional listener)</description></item>
/// <item><term>I15</term><description>all budgets are zero when nothing is in flight</description></item>
/// </list>
/// </remarks>
static class Invariants
{
    /// <summary>Throws when the engine is about to do what it never may: better to stop than to commit a lie.</summary>
    public static void Check([DoesNotReturnIf(false)] bool holds, string id, string what)
    {
        if (!holds)
        {
            Throw(id, what);
        }
    }

    [DoesNotReturn]
    static void Throw(string id, string what) => throw new InvariantException($"{id} is broken: {what}");
}

/// <summary>A defect of the engine, found before it could do harm. The listener ends.</summary>
sealed class InvariantException : Exception
{
    public InvariantException()
    {
    }

    public InvariantException(string message)
        : base(message)
    {
    }

    public InvariantException(string message, Exception inner)
        : base(message, inner)
    {
    }
}
