using System.CommandLine;
using System.Globalization;

namespace Millrace.Cli;

/// <summary>What a value on the command line must be. A wrong one is said before anything is connected to.</summary>
static class Checks
{
    /// <summary>0 to 65535.</summary>
    public static Option<int> Port(this Option<int> option) => option.Check(
        static port => port is >= 0 and <= ushort.MaxValue, "no port: give one from 1 to 65535, or 0 for any free one");

    /// <summary>A number in a range; null is not asked for.</summary>
    public static Option<int> Range(this Option<int> option, int min, int max) => option.Check(
        n => n >= min && n <= max, string.Create(CultureInfo.InvariantCulture, $"not {min} to {max}"));

    /// <summary>Any text but none.</summary>
    public static Option<T> NotEmpty<T>(this Option<T> option)
        where T : class?
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && string.IsNullOrWhiteSpace(text))
            {
                result.AddError($"{option.Name} is empty: write something, or leave it out.");
            }
        });
        return option;
    }

    /// <inheritdoc cref="NotEmpty{T}(Option{T})"/>
    public static Argument<T> NotEmpty<T>(this Argument<T> argument)
        where T : class?
    {
        argument.Validators.Add(result =>
        {
            if (result.Tokens is [{ Value: var text }] && string.IsNullOrWhiteSpace(text))
            {
                result.AddError($"The {argument.Name} is empty.");
            }
        });
        return argument;
    }

    /// <summary>Adds a rule to an option; <paramref name="otherwise"/> is what the error says the value is.</summary>
    public static Option<T> Check<T>(this Option<T> option, Func<T, bool> isGood, string otherwise)
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens is not [{ Value: var text }])
            {
                return;
            }

            try
            {
                if (result.GetValueOrDefault<T>() is { } value && !isGood(value))
                {
                    result.AddError($"{option.Name} '{text}' is {otherwise}.");
                }
            }
            catch (InvalidOperationException e)
            {
                // The value is not of the type: the parser's own words.
                result.AddError(e.Message);
            }
        });
        return option;
    }
}
