namespace Millrace.Broker.Log;

/// <summary>Which names a topic may have. They become directory names: nothing else may reach the file
/// system.</summary>
static class TopicNames
{
    /// <summary>Kafka's limit: name, dash, partition and the suffix of a deleted directory fit into 255
    /// bytes.</summary>
    public const int MaxLength = 249;

    /// <summary>Null, or what is wrong with the name.</summary>
    public static string? Check(string name)
    {
        if (name.Length == 0)
            return "The topic name is empty.";
        if (name is "." or "..")
            return $"The topic name cannot be '{name}'.";
        if (name.Length > MaxLength)
            return $"The topic name has {name.Length} characters; at most {MaxLength} are allowed.";
        foreach (var c in name)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
                return $"The topic name '{name}' has a character other than letters, digits, '.', '_' and '-'.";
        }
        return null;
    }

    /// <summary>Names that differ only in dots and underscores give the same metric names, and are refused by
    /// Kafka.</summary>
    public static bool Collide(string one, string other) =>
        one.Length == other.Length && one.Replace('.', '_') == other.Replace('.', '_') && one != other;

    /// <summary>Splits a directory name made of topic, dash and partition.</summary>
    public static bool TryParseDirectory(string name, out string topic, out int partition)
    {
        var dash = name.LastIndexOf('-');
        topic = dash > 0 ? name[..dash] : "";
        partition = -1;
        return dash > 0 && Check(topic) is null
            && int.TryParse(name.AsSpan(dash + 1), System.Globalization.NumberStyles.None,
                System.Globalization.CultureInfo.InvariantCulture, out partition);
    }
}
