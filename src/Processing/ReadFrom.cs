namespace Millrace.Processing;

/// <summary>Where a group starts that has no committed offset for a partition.</summary>
public enum ReadFrom
{
    /// <summary>At the oldest record: nothing is missed. The default.</summary>
    Earliest,

    /// <summary>After the newest record: what was there before the first start is not handled.</summary>
    Latest,
}
