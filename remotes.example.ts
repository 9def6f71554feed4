import { defineConfig, env } from "sremote";

export default defineConfig({
  remotes: {
    SylabsCloud: { uri: "cloud.sylabs.io", scope: "global" },
    company: {
      uri: "https://enterprise.example.com",
      scope: "global",
      login: env("COMPANY_TOKEN"),
      check: ["library", "keystore"],
      keyservers: [{ uri: "https://keys.example.com" }],
    },
    lab: { uri: "lab.example.com" },
  },
  default: { user: "lab", global: "company" },
});
