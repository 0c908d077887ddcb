using Microsoft.Extensions.Configuration;

namespace Millrace.Processing.Configuration;

/// <summary>
/// The keys that a configuration section may have, and what each does. Anything else in the section is an error that
/// names
/// the nearest key: a misspelt setting that is silently ignored is found in production.
/// </summary>
/// <typeparam name="T">What the keys change.</typeparam>
sealed class KeyTable<T>
{
    readonly Dictionary<string, Action<T, ConfigurationValue>> _keys = new(StringComparer.OrdinalIgnoreCase);
    readonly Dictionary<string, Action<T, IConfigurationSection, List<string>>> _sections =
        new(StringComparer.OrdinalIgnoreCase);

    /// <summary>A key with a value.</summary>
    public KeyTable<T> Key(string name, Action<T, ConfigurationValue> apply)
    {
        _keys.Add(name, apply);
        return this;
    }

    /// <summary>A key with a section below it.</summary>
    public KeyTable<T> Section(string name, Action<T, IConfigurationSection, List<string>> apply)
    {
        _sections.Add(name, apply);
        return this;
    }

    /// <summary>Applies what the section says; what is wrong goes to <paramref name="problems"/>.</summary>
    /// <param name="target">What is changed.</param>
    /// <param name="section">The section.</param>
    /// <param name="problems">Gets one sentence for each thing that is wrong.</param>
    /// <param name="others">Takes a key that the table does not know; false leaves it unknown.</param>
    /// <param name="otherNames">Names that <paramref name="others"/> would take, for the suggestion.</param>
    public void Apply(
        T target,
        IConfigurationSection section,
        List<string> problems,
        Func<T, IConfigurationSection, List<string>, bool>? others = null,
        IEnumerable<string>? otherNames = null)
    {
        foreach (var child in section.GetChildren())
        {
            if (_keys.TryGetValue(child.Key, out var apply))
            {
                apply(target, new ConfigurationValue(child.Path, child.Value, problems));
            }
            else if (_sections.TryGetValue(child.Key, out var descend))
            {
                descend(target, child, problems);
            }
            else if (others is null || !others(target, child, problems))
            {
                problems.Add(Unknown(child, [.. _keys.Keys, .. _sections.Keys, .. otherNames ?? []]));
            }
        }
    }

    static string Unknown(IConfigurationSection section, IReadOnlyList<string> names) =>
        NearestName.Of(section.Key, names) is { } near
            ? $"{section.Path} is not a known key; did you mean {near}?"
            : $"{section.Path} is not a known key; known are {string.Join(", ", names.Order(StringComparer.Ordinal))}.";
}
