using System.Text;

namespace Millrace.MessageGenerator;

// Text with indentation and braces.
sealed class CodeWriter
{
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
    public void If(string? condition, Action<CodeWriter> body) => Guarded(condition is null ? null : $"if ({condition})", body);

    public void Else(Action<CodeWriter> body) => Guarded("else", body);

    void Guarded(string? head, Action<CodeWriter> body)
    {
        if (head is null)
        {
            body(this);
            return;
        }
        var inner = new CodeWriter { _indent = _indent + 1 };
        body(inner);
        var text = inner._text.ToString();
        Line(head);
        var isOneLine = text.AsSpan().TrimEnd('\n').IndexOf('\n') < 0;
        if (!isOneLine)
            Line("{");
        _text.Append(text);
        if (!isOneLine)
            Line("}");
    }

    public void Doc(string text, string element = "summary")
    {
        var lines = text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var head = i == 0 ? $"<{element}>" : "";
            var tail = i == lines.Length - 1 ? $"</{element}>" : "";
            Line($"/// {head}{lines[i]}{tail}");
        }
    }

    public override string ToString() => _text.ToString();
}
