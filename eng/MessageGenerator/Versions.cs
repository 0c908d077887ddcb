using System.Globalization;

namespace Millrace.MessageGenerator;

// A closed range of versions.
readonly record struct Versions(short Low, short High)
{
    public static Versions All { get; } = new(0, short.MaxValue);

    public static Versions None { get; } = new(1, 0);

    public bool IsEmpty => Low > High;

    public bool Contains(short version) => version >= Low && version <= High;

    public bool Contains(Versions other) => other.IsEmpty || (Low <= other.Low && High >= other.High);

    public Versions Intersect(Versions other) => new(Math.Max(Low, other.Low), Math.Min(High, other.High));

    // "3", "3-7", "3+"
    public static bool TryParse(string text, out Versions versions)
    {
        versions = None;
        var dash = text.IndexOf('-', StringComparison.Ordinal);
        var low = text.EndsWith('+') ? text[..^1] : dash > 0 ? text[..dash] : text;
        var high = text.EndsWith('+') ? "32767" : dash > 0 ? text[(dash + 1)..] : text;
        if (!TryNumber(low, out var first) || !TryNumber(high, out var last) || first > last)
            return false;
        versions = new Versions(first, last);
        return true;
    }

    // The C# condition on `version` that tells these versions from the rest of a scope; null if there is no rest.
    public string? ConditionWithin(Versions scope)
    {
        if (Contains(scope))
            return null;
        var inside = Intersect(scope);
        if (inside.High == scope.High)
            return $"version >= {inside.Low}";
        if (inside.Low == scope.Low)
            return $"version <= {inside.High}";
        return inside.Low == inside.High
            ? $"version == {inside.Low}"
            : $"version is >= {inside.Low} and <= {inside.High}";
    }

    // For people: "since version 3", "up to version 3", "versions 3 to 7".
    public string Describe(Versions scope)
    {
        var inside = Intersect(scope);
        if (inside.High == scope.High)
            return $"since version {inside.Low}";
        if (inside.Low == scope.Low)
            return $"up to version {inside.High}";
        return inside.Low == inside.High ? $"version {inside.Low} only" : $"versions {inside.Low} to {inside.High}";
    }

    static bool TryNumber(string text, out short number) =>
        short.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
