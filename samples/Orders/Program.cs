using Millrace.Orders;

return await CommandLine.RunAsync(args);
