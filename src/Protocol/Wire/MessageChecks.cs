namespace Millrace.Protocol.Wire;

// What the generated codecs check, kept out of them so that their methods stay small.
static class MessageChecks
{
    public static void CanWrite(string message, short version, short min, short max)
    {
        if (version < min || version > max)
            throw new ArgumentOutOfRangeException(
                nameof(version), version, $"{message} has versions {min} to {max}.");
    }

    // A version comes from the wire too, so a wrong one is bad input and no exception.
    public static bool CanRead(ref WireReader reader, string message, short version, short min, short max)
    {
        if (version >= min && version <= max)
            return true;
        reader.Fail($"{message} has versions {min} to {max}, not {version},");
        return false;
    }

    public static Exception NotInVersion(string field, short version) =>
        new InvalidOperationException($"{field} is set, but version {version} has no such field.");

    public static Exception NullNotInVersion(string field, short version) =>
        new InvalidOperationException($"{field} is null, which version {version} does not allow.");
}
