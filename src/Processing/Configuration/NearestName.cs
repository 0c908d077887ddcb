namespace Millrace.Processing.Configuration;

/// <summary>Finds the name that somebody probably meant.</summary>
static class NearestName
{
    /// <summary>The nearest name by edits, or null when none is near enough to be a slip of the pen.</summary>
    public static string? Of(string word, IEnumerable<string> names)
    {
        var best = default(string);
        var bestDistance = int.MaxValue;
        foreach (var name in names)
        {
            var distance = Distance(word, name);
            if (distance < bestDistance)
            {
                best = name;
                bestDistance = distance;
            }
        }

        return best is not null && bestDistance <= Math.Max(2, best.Length / 3) ? best : null;
    }

    // Levenshtein's distance, upper and lower case alike; one row at a time.
    internal static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = char.ToUpperInvariant(a[i - 1]) == char.ToUpperInvariant(b[j - 1]) ? 0 : 1;
                var cost = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + change);
                diagonal = row[j];
                row[j] = cost;
            }
        }

        return row[b.Length];
    }
}
