using System.Collections;
using System.Globalization;
using System.Text;

namespace Millrace.Unit.Protocol.Messages;

// A message as text, every property of it: two messages are equal if their texts are.
static class Dump
{
    public static string Of(object message)
    {
        var text = new StringBuilder();
        Append(text, message, 0);
        return text.ToString();
    }

    static void Append(StringBuilder text, object? value, int depth)
    {
        switch (value)
        {
            case null:
                text.Append("null\n");
                break;
            case string s:
                text.Append('"').Append(s).Append("\"\n");
                break;
            case ReadOnlyMemory<byte> bytes:
                text.Append("0x").Append(Convert.ToHexString(bytes.Span)).Append('\n');
                break;
            case IList list:
                text.Append('[').Append(list.Count).Append("]\n");
                foreach (var item in list)
                    Append(text.Append(' ', 2 * depth).Append("- "), item, depth + 1);
                break;
            case IFormattable plain:
                text.Append(plain.ToString(null, CultureInfo.InvariantCulture)).Append('\n');
                break;
            case bool flag:
                text.Append(flag).Append('\n');
                break;
            default:
                text.Append(value.GetType().Name).Append('\n');
                foreach (var property in value.GetType().GetProperties().Where(p => !p.GetMethod!.IsStatic))
                {
                    text.Append(' ', 2 * depth).Append(property.Name).Append(": ");
                    Append(text, property.GetValue(value), depth + 1);
                }
                break;
        }
    }
}
