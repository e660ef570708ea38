-- The health of a RecordingStorage, for Argo CD. What waits for a person is Suspended, not Degraded.
local conditions = {}
if obj.status ~= nil then
  for _, condition in ipairs(obj.status.conditions or {}) do
    conditions[condition.type] = condition
  end
end

local function holds(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end

local function health(status, message)
  return {status = status, message = message}
end

if obj.metadata.deletionTimestamp ~= nil then
  if holds("DeletionBlocked") then
    return health("Degraded", conditions.DeletionBlocked.message)
  end
  return health("Progressing", "The resource is being deleted.")
end

local ready = conditions.Ready
if ready == nil or obj.status.observedGeneration ~= obj.metadata.generation then
  return health("Progressing", "The operator has not looked at this generation yet.")
end

if ready.status == "True" then
  local sync = conditions.InSync
  if sync ~= nil and sync.status == "False" then
    return health("Healthy", ready.message .. " " .. sync.message)
  end
  return health("Healthy", ready.message)
end

local waits_for_a_person = {
  AwaitingApproval = true,
  ApprovalStale = true,
  Suspended = true,
  EnableExternalStorage = true,
  DisableExternalStorage = true,
  ChangeBucketUrl = true,
}
if waits_for_a_person[ready.reason] then
  return health("Suspended", ready.message)
end

if holds("Reconciling") and not holds("Conflict") then
  return health("Progressing", ready.message)
end
return health("Degraded", ready.message)
