namespace Millrace.Processing.Configuration;

/// <summary>What Kafka accepts as a topic's name, and what a group's name has to be.</summary>
static class TopicNames
{
    const int MaxLength = 249;

    /// <summary>What is wrong with a topic's name, as the end of a sentence, or null.</summary>
    public static string? Problem(string topic) =>
        topic.Length == 0 ? "is empty"
        : topic is "." or ".." ? "is not allowed by Kafka"
        : topic.Length > MaxLength ? $"is longer than {MaxLength} characters"
        : topic.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('.' or '_' or '-'))
            ? "has characters other than letters, digits, '.', '_' and '-'"
        : null;

    /// <summary>What is wrong with a group id, as the end of a sentence, or null.</summary>
    public static string? GroupProblem(string group) =>
        string.IsNullOrWhiteSpace(group) ? "is empty; give the consumer a name that stays the same over deployments"
        : group.Length != group.Trim().Length ? "begins or ends with a space; remove it"
        : group.Any(char.IsControl) ? "has control characters; remove them"
        : null;
}
