using Millrace.Client.Routing;
using Millrace.Protocol;

namespace Millrace.Client.Administration;

/// <summary>Questions and orders to the cluster: topics, offsets, groups, configurations. Every call retries what may
/// pass
/// until <see cref="ClientOptions.ApiTimeout"/>; errors of single items are in the result, so that one does not hide
/// the others.
/// Obtained from <see cref="KafkaClient.Admin"/>.</summary>
public sealed partial class Admin
{
    readonly ClientCore _core;

    internal Admin(ClientCore core) => _core = core;

    static ItemError? ErrorOf(ErrorCode code, string? text) =>
        code == ErrorCode.None ? null : new ItemError(code, string.IsNullOrEmpty(text) ? code.Describe().Text : text);
}

/// <summary>Why one item of a call failed.</summary>
/// <param name="Code">The error number.</param>
/// <param name="Text">The broker's words, or the table's.</param>
public sealed record ItemError(ErrorCode Code, string Text)
{
    /// <summary>The error's name and text in one line.</summary>
    public override string ToString() => $"{Code.Name()}: {Text}";

    /// <summary>The error as an exception.</summary>
    public KafkaServerException ToException() => new(Code, Text);
}
