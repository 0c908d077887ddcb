namespace Millrace.MessageGenerator;

// Whether compact lengths and tags are used in the versions of one structure: always, never, or a variable decides.
sealed class Flexible(Message message, Versions scope)
{
    readonly Versions _versions = message.Flexible.Intersect(scope);

    public Versions Versions => message.Flexible;

    public bool Never => _versions.IsEmpty;

    public bool Always => _versions.Contains(scope);

    // The condition for the tags section; null where no `if` is wanted.
    public string? Condition => Always ? null : "flexible";

    public void Declare(CodeWriter code)
    {
        if (!Never && !Always)
            code.Line($"var flexible = {_versions.ConditionWithin(scope)};");
    }

    // The argument for the `compact` parameter, with a comma before it.
    public string Argument(Versions where, bool first = false)
    {
        var comma = first ? "" : ", ";
        if (message.Flexible.Intersect(where).IsEmpty)
            return "";
        return comma + (message.Flexible.Contains(where) ? "compact: true" : "flexible");
    }

    // One expression for the flexible versions and one for the others.
    public string Choose(Versions where, Func<short, int> size)
    {
        var all = Enumerable.Range(where.Low, where.High - where.Low + 1).Select(v => (short)v).ToList();
        var compact = all.Where(message.Flexible.Contains).Select(size).DefaultIfEmpty(-1).Min();
        var classic = all.Where(v => !message.Flexible.Contains(v)).Select(size).DefaultIfEmpty(-1).Min();
        if (compact < 0 || classic < 0 || compact == classic)
            return FormattableString.Invariant($"{Math.Max(compact, classic)}");
        return FormattableString.Invariant($"flexible ? {compact} : {classic}");
    }
}
