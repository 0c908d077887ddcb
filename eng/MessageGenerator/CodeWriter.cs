using System.Text;

namespace Millrace.MessageGenerator;

// Text with indentation and braces.
sealed class CodeWriter
{
    const int LineLimit = 120;

    readonly StringBuilder _text = new();
    int _indent;

    public void Line(string line = "")
    {
        if (line.Length > 0)
            _text.Append(' ', 4 * _indent).Append(line);
        _text.Append('\n');
    }

    public void Open(string? head = null)
    {
        if (head is not null)
            Line(head);
        Line("{");
        _indent++;
    }

    public void Close()
    {
        _indent--;
        Line("}");
    }

    // `if (condition)` around a body; no `if` when there is no condition, braces when the body has several lines.
    public void If(string? condition, Action<CodeWriter> body)
    {
        if (condition is null)
        {
            body(this);
            return;
        }
        var inner = new CodeWriter { _indent = _indent + 1 };
        body(inner);
        var text = inner._text.ToString();
        Line($"if ({condition})");
        var isOneLine = text.AsSpan().TrimEnd('\n').IndexOf('\n') < 0;
        if (!isOneLine)
            Line("{");
        _text.Append(text);
        if (!isOneLine)
            Line("}");
    }

    // An XML documentation element, wrapped at the column limit.
    public void Doc(string text, string element = "summary")
    {
        var words = $"<{element}>{text.Replace('\n', ' ')}</{element}>".Split(' ');
        var line = new StringBuilder("///");
        var inTag = false;   // a tag stays on one line
        foreach (var word in words)
        {
            if (!inTag && line.Length + 1 + word.Length > LineLimit - 4 * _indent)
            {
                Line(line.ToString());
                line.Clear().Append("///");
            }
            line.Append(' ').Append(word);
            inTag = word.LastIndexOf('<') > word.LastIndexOf('>');
        }
        Line(line.ToString());
    }

    // Text of a definition's comment, for use inside such an element.
    public static string Escape(string text) =>
        text.Replace("&", "&amp;", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal)
            .Replace(">", "&gt;", StringComparison.Ordinal);

    public override string ToString() => _text.ToString();
}
