using System.Globalization;

namespace Millrace.Processing.Configuration;

/// <summary>One value of the configuration, to be read as what its key needs.</summary>
/// <param name="Path">The full key, for messages.</param>
/// <param name="Text">The value; null when the key is a section.</param>
/// <param name="Problems">Gets a sentence when the value does not fit.</param>
readonly record struct ConfigurationValue(string Path, string? Text, List<string> Problems)
{
    public void AsInt32(Action<int> set)
    {
        if (int.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            set(number);
        }
        else
        {
            Refuse("a whole number, for example 16");
        }
    }

    public void AsInt64(Action<long> set)
    {
        if (long.TryParse(Text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
        {
            set(number);
        }
        else
        {
            Refuse("a whole number, for example 268435456");
        }
    }

    public void AsDouble(Action<double> set)
    {
        if (double.TryParse(Text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            set(number);
        }
        else
        {
            Refuse("a number with a point, for example 0.2");
        }
    }

    public void AsBoolean(Action<bool> set)
    {
        if (bool.TryParse(Text, out var flag))
        {
            set(flag);
        }
        else
        {
            Refuse("true or false");
        }
    }

    public void AsEnum<TEnum>(Action<TEnum> set)
        where TEnum : struct, Enum
    {
        // A number would parse as well, and mean something else after the next release.
        if (Text is { Length: > 0 } && char.IsLetter(Text[0]) && Enum.TryParse<TEnum>(Text, true, out var value)
            && Enum.IsDefined(value))
        {
            set(value);
        }
        else
        {
            Refuse("one of " + string.Join(", ", Enum.GetNames<TEnum>()));
        }
    }

    public void AsText(Action<string> set)
    {
        if (string.IsNullOrWhiteSpace(Text))
        {
            Refuse("a text that is not empty");
        }
        else
        {
            set(Text.Trim());
        }
    }

    /// <summary>A time: <c>250ms</c>, <c>5s</c>, <c>2m</c>, <c>1h</c> or <c>00:00:05</c>. A bare number is refused,
    /// because
    /// .NET reads it as days.</summary>
    public void AsTime(Action<TimeSpan> set)
    {
        if (TryParseTime(Text, out var time))
        {
            set(time);
        }
        else
        {
            Refuse("a time with its unit, for example 250ms, 5s, 2m or 00:00:05");
        }
    }

    internal static bool TryParseTime(string? text, out TimeSpan time)
    {
        time = default;
        text = text?.Trim() ?? "";
        if (text.Contains(':', StringComparison.Ordinal))
        {
            return TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out time);
        }

        var digits = text.AsSpan().TrimEnd("abcdefghijklmnopqrstuvwxyz");
        var ticks = text.AsSpan(digits.Length) switch
        {
            "ms" => TimeSpan.TicksPerMillisecond,
            "s" => TimeSpan.TicksPerSecond,
            "m" => TimeSpan.TicksPerMinute,
            "h" => TimeSpan.TicksPerHour,
            _ => 0,
        };
        if (ticks == 0
            || !double.TryParse(
                digits.TrimEnd(), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign,
                CultureInfo.InvariantCulture, out var number)
            || Math.Abs(number * ticks) >= long.MaxValue)
        {
            return false;
        }

        time = TimeSpan.FromTicks((long)(number * ticks));
        return true;
    }

    void Refuse(string expected) => Problems.Add(
        Text is null ? $"{Path} is a section; it must be {expected}." : $"{Path} is '{Text}'; it must be {expected}.");
}
