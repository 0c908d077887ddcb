namespace Millrace.Ops.DeadLetters;

/// <summary>Counts dead letters by the type of their exception.</summary>
sealed class DeadLetterGroups
{
    /// <summary>The name of the group of those whose headers do not tell.</summary>
    public const string Unknown = "(unknown)";

    /// <summary>The name of the group of all that exceed <see cref="MaxGroups"/>.</summary>
    public const string Others = "(others)";

    // Exception types come from headers, which anybody may write. 500 is far above what one application throws.
    const int MaxGroups = 500;

    // A message from a header may be as long as a record; as an example its beginning is enough.
    const int MaxExample = 1000;

    readonly Dictionary<string, DeadLetterGroup> _groups = new(StringComparer.Ordinal);

    public void Add(DeadLetter letter)
    {
        var type = letter.Info?.ExceptionType ?? Unknown;
        if (_groups.Count >= MaxGroups && !_groups.ContainsKey(type))
        {
            type = Others;
        }

        var example = letter.Info?.ExceptionMessage ?? "";
        example = example.Length <= MaxExample ? example : string.Concat(example.AsSpan(0, MaxExample), "…");
        _groups[type] = _groups.TryGetValue(type, out var group)
            ? group with
            {
                Count = group.Count + 1,
                First = letter.Timestamp < group.First ? letter.Timestamp : group.First,
                Last = letter.Timestamp > group.Last ? letter.Timestamp : group.Last,
                Example = letter.Timestamp >= group.Last ? example : group.Example,
            }
            : new DeadLetterGroup(type, 1, letter.Timestamp, letter.Timestamp, example);
    }

    /// <summary>The largest first.</summary>
    public IReadOnlyList<DeadLetterGroup> ToList() =>
        [.. _groups.Values.OrderByDescending(static g => g.Count)
            .ThenBy(static g => g.ExceptionType, StringComparer.Ordinal)];
}
