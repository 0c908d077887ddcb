using System.Text;

namespace Millrace.Cli;

/// <summary>Rows in columns as plain text, never cut to the width of a terminal, so that a pipe gets all of
/// it.</summary>
sealed class TextTable(params string[] titles)
{
    readonly List<string[]> _rows = [titles];
    readonly HashSet<int> _right = [];

    /// <summary>Aligns columns to the right.</summary>
    public TextTable Right(params ReadOnlySpan<int> columns)
    {
        foreach (var column in columns)
        {
            _right.Add(column);
        }

        return this;
    }

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(Plain)]);

    /// <summary>Cells come from records: what would move the cursor or colour the screen is shown as a dot.</summary>
    static string Plain(string cell)
    {
        var line = cell.ReplaceLineEndings(" ");
        return line.Any(char.IsControl) ? string.Concat(line.Select(static c => char.IsControl(c) ? '·' : c)) : line;
    }

    public override string ToString()
    {
        var widths = Enumerable.Range(0, titles.Length).Select(c => _rows.Max(r => r[c].Length)).ToArray();
        var text = new StringBuilder();
        foreach (var row in _rows)
        {
            var cells = row.Select(
                (cell, c) => _right.Contains(c) ? cell.PadLeft(widths[c]) : cell.PadRight(widths[c]));
            text.Append(string.Join("  ", cells).TrimEnd()).Append('\n');
        }

        return text.ToString();
    }
}
