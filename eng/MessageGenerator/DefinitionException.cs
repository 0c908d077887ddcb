namespace Millrace.MessageGenerator;

/// <summary>A definition does not follow the grammar of <c>src/Protocol/Definitions/README.md</c>.</summary>
/// <param name="message">File, line, and what is wrong.</param>
public sealed class DefinitionException(string message) : Exception(message);
